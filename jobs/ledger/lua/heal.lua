-- Makes the deliveries due that wait for a destination, or are dead because of it: a person or a check has seen that it works.
-- ARGV: prefix, time, name of a destination or of a connector (its destinations are called `<name>` or `<name> …`), how many at once.
-- Returns how many were brought back; 0 when nothing is left.
--!include time
--!include recovery
local name, many = ARGV[3], tonumber(ARGV[4])
local count = 0
for _, destination in ipairs(redis.call('HKEYS', p .. 'last')) do
  if destination == name or string.sub(destination, 1, #name + 1) == name .. ' ' then
    redis.call('HSET', p .. 'last', destination, now .. '|ok')
  end
end
for _, destination in ipairs(redis.call('SMEMBERS', p .. 'waiting')) do
  if destination == name or string.sub(destination, 1, #name + 1) == name .. ' ' then
    -- Half open: one goes ahead at once, and its success wakes the others.
    local breaker = p .. 'breaker:' .. destination
    redis.call('HDEL', breaker, 'asked')
    if tonumber(redis.call('HGET', breaker, 'until') or 0) > now then redis.call('HSET', breaker, 'until', now) end
    count = count + wake(p, destination, now, many) + heal(p, destination, now, many)
  end
end
return count
