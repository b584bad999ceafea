-- Lets a running delivery also work on an entity that is not its own: the connector's deliveries about that one wait meanwhile.
-- ARGV: prefix, time, delivery id, connector, token, entity, how long at most in ms, 'take' or 'free'.
-- Returns 'taken', 'busy' (another delivery works on the entity) or 'lost'; 'freed'.
--!include time
local id, connector, token, entity = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local hold = p .. 'hold:' .. connector .. ':' .. entity
local holder = redis.call('GET', hold)
if ARGV[8] == 'free' then
  if holder == id then
    redis.call('DEL', hold)
    local next = redis.call('ZRANGE', p .. 'line:' .. connector .. ':' .. entity, 0, 0)[1]
    if next and redis.call('HGET', p .. 'delivery:' .. next, 'state') == 'queued' then
      redis.call('ZADD', p .. 'due', now, next)  -- the clock hands it over
    end
  end
  return 'freed'
end
local d = redis.call('HMGET', p .. 'delivery:' .. id, 'state', 'token')
if d[1] ~= 'running' or d[2] ~= token then return 'lost' end
if holder and holder ~= id then  -- it counts for as long as the lease of its delivery
  local h = redis.call('HMGET', p .. 'delivery:' .. holder, 'state', 'until')
  if h[1] == 'running' and tonumber(h[2] or 0) > now then return 'busy' end
end
redis.call('SET', hold, id, 'PX', ARGV[7])
return 'taken'
