-- Takes further turns of a destination's rate, for an attempt with several requests: later deliveries wait.
-- ARGV: prefix, time, destination, ms between two, turns.
--!include time
local bucket, cost = p .. 'bucket:' .. ARGV[3], tonumber(ARGV[4]) * tonumber(ARGV[5])
local free = math.max(tonumber(redis.call('GET', bucket) or 0), now) + cost
redis.call('SET', bucket, free, 'PX', free - now + BUCKET_KEPT_MS)
