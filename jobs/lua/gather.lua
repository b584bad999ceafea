-- Takes deliveries that wait for a destination's rate, the longest waiting first, to be told together; what they had
-- reserved of the bucket is given back. ARGV: prefix, destination, ms between two, how many. Returns their ids.
local p, destination, interval, many = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local crowd, bucket = p .. 'crowd:' .. destination, p .. 'bucket:' .. destination
local ids = redis.call('ZRANGE', crowd, 0, many - 1)
for _, id in ipairs(ids) do
  redis.call('ZREM', crowd, id)
  redis.call('HDEL', p .. 'delivery:' .. id, 'turn')
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local free = tonumber(redis.call('GET', bucket) or 0) - #ids * interval
if free > now then redis.call('SET', bucket, free, 'PX', free - now + 60000) else redis.call('DEL', bucket) end
return ids
