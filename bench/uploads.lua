-- wrk: one request again and again, each time with the next number written into it.
-- Arguments: a file with the request, where the twelve digits go (from 0), the first number.

function init(args)
   local request = assert(io.open(args[1], "rb")):read("*a")
   local place = tonumber(args[2])
   before, after = request:sub(1, place), request:sub(place + 13)
   number = tonumber(args[3])
end

function request()
   number = number + 1
   return before .. string.format("%012d", number) .. after
end

function done(summary, latency, requests)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   print(summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, failed)
end
