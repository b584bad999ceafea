-- Takes further turns of a destination's rate, for an attempt that makes several requests: those who come later wait.
-- ARGV: prefix, destination, ms between two, turns.
local bucket, cost = ARGV[1] .. 'bucket:' .. ARGV[2], tonumber(ARGV[3]) * tonumber(ARGV[4])
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local free = math.max(tonumber(redis.call('GET', bucket) or 0), now) + cost
redis.call('SET', bucket, free, 'PX', free - now + BUCKET_KEPT_MS)
