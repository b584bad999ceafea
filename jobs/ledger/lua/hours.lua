-- Counts by the hour, for people: a hash for each hour, which expires. Included by other scripts.
local function count_hour(p, now, name)
  local key = p .. 'hours:' .. math.floor(now / HOUR_MS)
  if redis.call('HINCRBY', key, name, 1) == 1 then redis.call('EXPIRE', key, HOURS_KEPT_S) end
end
