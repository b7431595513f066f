-- For wrk: posts the file BODY to /infer again and again.
--   wrk -s infer.lua URL -- BODY CONTENT_TYPE JSON_BYTES PAUSE_MS
-- JSON_BYTES is 0 where the body is JSON alone. With a pause, each connection waits for it before
-- a request, so that the rate is CONNECTIONS / PAUSE as long as the answers are quick.

local pause = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  file:close()
  wrk.headers["Content-Type"] = args[2]
  if args[3] ~= "0" then
    wrk.headers["Inference-Header-Content-Length"] = args[3]
  end
  pause = tonumber(args[4])
  if pause == 0 then
    delay = nil
  end
end

function delay()
  -- Evenly around the mean, so that connections do not fall into step.
  return math.random(0, 2 * pause)
end
