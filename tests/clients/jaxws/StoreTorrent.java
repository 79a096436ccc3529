// java StoreTorrent NAME OPERATION: my.torrent, with the code that wsimport made of a WSDL of this name.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

public class StoreTorrent {
    public static void main(String[] args) throws Exception {
        Object service = Class.forName("generated." + args[0] + "Service").getConstructor().newInstance();
        Object port = service.getClass().getMethod("get" + args[0] + "Port").invoke(service);
        Class<?> type = Class.forName("generated." + args[0] + "PortType");
        String torrent = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of("my.torrent")));
        System.out.print(type.getMethod(args[1], String.class).invoke(port, torrent));
    }
}
