import type { Rule } from './rule.ts'

export const neverRead: Rule<'never-read'> = {
  id: 'never-read',
  group: 'E7',
  severity: 'lint',
  claim: 'A buffer that the program writes for a device is read.',
  hardware: 'The device still reads another buffer: the picture is stale, without any error.',
  fix: 'Key a cache of imported buffers by the buffer and not by its descriptor number, which is reused, and drop the entry when the buffer is closed.',
  byCalls: 'none',
}
