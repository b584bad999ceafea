-- One step of counting dead letters by connector and reason, the newest first. Changes nothing.
-- ARGV: prefix, highest score, how many entries to skip, how many to read, the score and the member after which to continue ('': from the
-- top), connector, reason ('': all).
-- Returns {entries read, score and member reached ('' at the end of the index), then for each group its connector,
-- reason, how many, and score and id of the newest and of the oldest}.
--!include walk
local p, place, last = ARGV[1], tonumber(ARGV[5]), ARGV[6]
local entries = redis.call('ZRANGE', p .. 'state:dead', ARGV[2], '-inf', 'BYSCORE', 'REV', 'LIMIT', ARGV[3], ARGV[4], 'WITHSCORES')
local answer, groups, order = {#entries / 2, '', ''}, {}, {}
for i = 1, #entries, 2 do
  local id, score = entries[i], entries[i + 1]
  if is_behind(place, last, tonumber(score), id) then
    answer[2], answer[3] = score, id
    local connector = string.match(id, '%.(.*)$')
    local reason = (ARGV[7] == '' or ARGV[7] == connector) and redis.call('HGET', p .. 'delivery:' .. id, 'reason')
    if reason and (ARGV[8] == '' or ARGV[8] == reason) then
      local name = connector .. ' ' .. reason
      local group = groups[name]
      if not group then
        group = {connector, reason, 0, score, id}
        groups[name], order[#order + 1] = group, group
      end
      group[3], group[6], group[7] = group[3] + 1, score, id
    end
  end
end
for _, group in ipairs(order) do
  for _, value in ipairs(group) do answer[#answer + 1] = value end
end
return answer
