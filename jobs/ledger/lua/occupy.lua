-- Lets a running delivery also work on a second entity: the connector's deliveries about that entity wait meanwhile.
-- ARGV: prefix, time, delivery id, connector, token, entity, longest time in ms, 'take' or 'free'.
-- Returns 'taken', 'busy' (another delivery works on the entity) or 'lost' (the lease); 'freed'.
--!include time
--!include hold
local id, connector, token, entity = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local hold = p .. 'hold:' .. connector .. ':' .. entity
-- Also for 'free': the entity may be occupied by a later attempt of the same delivery.
if not is_leased(p, id, connector, token, now) then return 'lost' end
if ARGV[8] == 'free' then
  if redis.call('GET', hold) == id then
    redis.call('DEL', hold)
    local next = redis.call('ZRANGE', p .. 'line:' .. connector .. ':' .. entity, 0, 0)[1]
    if next and redis.call('HGET', p .. 'delivery:' .. next, 'state') == 'queued' then
      redis.call('ZADD', p .. 'due', now, next)  -- the clock hands it over
    end
  end
  return 'freed'
end
if held_by_another(p, hold, id, now) then return 'busy' end
redis.call('SET', hold, id, 'PX', ARGV[7])
return 'taken'
