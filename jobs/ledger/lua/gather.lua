-- Takes deliveries that wait for a destination's rate, the longest waiting first, to be delivered in one message. ARGV: prefix, time, destination, ms between two, how many. Returns their ids.
--!include time
local destination, interval, many = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local crowd, bucket = p .. 'crowd:' .. destination, p .. 'bucket:' .. destination
local ids = redis.call('ZRANGE', crowd, '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, many)
for _, id in ipairs(ids) do
  redis.call('ZREM', crowd, id)
  redis.call('HDEL', p .. 'delivery:' .. id, 'turn')
end
-- Those who go on waiting move up, so that the next digest goes out at the next turn and not after the turns of these.
local rest = redis.call('ZRANGE', crowd, 0, -1)
if #rest > LARGEST_CROWD then return ids end
local at = now
for _, id in ipairs(rest) do
  local key = p .. 'delivery:' .. id
  if redis.call('HGET', key, 'state') == 'retrying' then
    at = at + interval
    redis.call('HSET', key, 'turn', at, 'next', at)
    redis.call('ZADD', crowd, at, id)
    redis.call('ZADD', p .. 'due', at, id)
  else
    redis.call('ZREM', crowd, id)
  end
end
redis.call('SET', bucket, at + interval, 'PX', at + interval - now + BUCKET_KEPT_MS)
return ids
