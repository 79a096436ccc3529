-- wrk: one file after the other. Argument: a file with their URL paths.

function init(args)
   requests = {}
   for path in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("GET", path)
   end
   place = 0
end

function request()
   place = place % #requests + 1
   return requests[place]
end

function done(summary, latency, requests)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   print(summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, failed)
end
