-- Takes a job that was popped from RQ's queue off Redis, or puts it back when `rq suspend` was called meanwhile.
-- ARGV: key of the job's hash, job id, key of the queue, key that `rq suspend` sets, most fields, most bytes of `data`.
-- Returns {'suspended'}, {'gone'}, {'refused', why} or {'job', data, names of the fields that are not empty …}.
local key, id, queue, suspended = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('EXISTS', suspended) == 1 then
  redis.call('LPUSH', queue, id)
  return {'suspended'}
end
local kind = redis.call('TYPE', key).ok
if kind == 'none' then return {'gone'} end
if kind ~= 'hash' then
  redis.call('DEL', key)
  return {'refused', 'it is no hash'}
end
if redis.call('HLEN', key) > tonumber(ARGV[5]) or redis.call('HSTRLEN', key, 'data') > tonumber(ARGV[6]) then
  redis.call('UNLINK', key)
  return {'refused', 'it is too large'}
end
local answer = {'job', redis.call('HGET', key, 'data') or ''}
for _, name in ipairs(redis.call('HKEYS', key)) do
  if redis.call('HSTRLEN', key, name) > 0 then answer[#answer + 1] = string.sub(name, 1, 40) end
end
redis.call('UNLINK', key)
return answer
