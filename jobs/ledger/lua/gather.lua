-- Takes deliveries that wait for a destination's rate, the longest waiting first, to be delivered in one message. ARGV: prefix, time, destination, ms between two, how many. Returns their ids.
--!include time
local destination, interval, many = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local crowd, bucket = p .. 'crowd:' .. destination, p .. 'bucket:' .. destination
local function ours(v) return not v or v == '1' end  -- what a newer version wrote keeps its turn
local ids = {}
for _, id in ipairs(redis.call('ZRANGE', crowd, '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, many)) do
  local key = p .. 'delivery:' .. id
  if ours(redis.call('HGET', key, 'v')) then
    redis.call('ZREM', crowd, id)
    redis.call('HDEL', key, 'turn')
    ids[#ids + 1] = id
  end
end
-- The deliveries that still wait move up, so that the next digest is sent at the next turn, not after the turns of these.
local rest = redis.call('ZRANGE', crowd, 0, -1)
if #rest > LARGEST_CROWD then return ids end
local at = now
for _, id in ipairs(rest) do
  local key = p .. 'delivery:' .. id
  local d = redis.call('HMGET', key, 'v', 'state')
  if ours(d[1]) and d[2] == 'retrying' then
    at = at + interval
    redis.call('HSET', key, 'turn', at, 'next', at)
    redis.call('ZADD', crowd, at, id)
    redis.call('ZADD', p .. 'due', at, id)
  elseif ours(d[1]) then
    redis.call('ZREM', crowd, id)
  end
end
redis.call('SET', bucket, at + interval, 'PX', at + interval - now + BUCKET_KEPT_MS)
return ids
