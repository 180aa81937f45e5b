/** Devices that use the same bytes at the same time. */
import { SIZE, type Story } from '../story.ts'
import { bare, both, type Case } from './case.ts'

const FIRST_HALF = { start: 0, end: SIZE / 2 }
const SECOND_HALF = { start: SIZE / 2, end: SIZE }

/** The camera's job, with `body` before its end or after it. */
function inJob(s: Story, isBefore: boolean, body: () => void): void {
  s.jobStart(1, 'camera', 'write', 1, { line: 4 })
  if (isBefore) body()
  s.deviceStore(1)
  s.jobEnd(1, 'camera', 'write')
  if (!isBefore) body()
}

function reads(s: Story, { device = 'display', range = { start: 0, end: SIZE } } = {}): void {
  s.jobStart(2, device, 'read', 2, { line: 5, range })
  s.jobEnd(2, device, 'read')
}

export const devices: readonly Case[] = [
  {
    rule: 'missing-wait',
    what: 'reads while the camera writes, and not once it has finished',
    line: 5,
    ...both((s, bad) => inJob(s, bad, () => reads(s))),
  },
  {
    rule: 'missing-wait',
    what: 'reads the bytes that the camera writes, and not others',
    line: 5,
    ...both((s, bad) => {
      s.jobStart(1, 'camera', 'write', 1, { range: FIRST_HALF })
      reads(s, { range: bad ? FIRST_HALF : SECOND_HALF })
      s.jobEnd(1, 'camera', 'write')
    }),
  },
  {
    rule: 'missing-wait',
    what: 'reads while another device writes, and not while it writes itself or others read',
    line: 5,
    ...both((s, bad) => {
      s.jobStart(3, 'gpu', 'read')
      reads(s)
      s.jobEnd(3, 'gpu', 'read')
      inJob(s, true, () => reads(s, { device: bad ? 'display' : 'camera' }))
    }),
  },
  {
    rule: 'missing-wait',
    what: 'shows what the camera has queued, and not what it gave back',
    line: 5,
    ...both((s, bad) => {
      s.queue(4)
      if (!bad) s.dequeue()
      reads(s)
      if (bad) inJob(s, true, () => {})
      if (bad) s.dequeue()
    }),
  },
  {
    rule: 'missing-wait',
    what: 'two devices store the same bytes in jobs that overlap, and not each its own',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      s.attach('camera')
      s.attach('gpu', { mapping: 2 })
      s.jobStart(1, 'camera', 'write')
      s.jobStart(2, 'gpu', 'write', 2, { line: 5 })
      s.deviceStore(1, 'camera', false, FIRST_HALF)
      s.deviceStore(2, 'gpu', false, bad ? FIRST_HALF : SECOND_HALF)
      s.jobEnd(2, 'gpu', 'write')
      s.jobEnd(1, 'camera', 'write')
    }),
  },
  {
    rule: 'missing-wait',
    what: 'reads the same memory as another buffer, and not the memory beside it',
    line: 5,
    ...bare((s, bad) => {
      s.buffer()
      s.buffer(2, 11)
      s.dmaMap({ attachment: 1 })
      s.dmaMap({ buffer: 2, attachment: 2, mapping: 2, device: 'display', at: bad ? 0 : SIZE })
      s.jobStart(1, 'camera', 'write')
      s.jobStart(2, 'display', 'read', 2, { buffer: 2, line: 5 })
      s.jobEnd(2, 'display', 'read')
      s.jobEnd(1, 'camera', 'write')
    }),
  },
  {
    rule: 'early-reuse',
    what: 'writes what the display reads, and the next pass of the display is no mistake of its own',
    line: 8,
    ...both((s, bad) => {
      s.jobStart(2, 'display', 'read', 2)
      if (!bad) s.jobEnd(2, 'display', 'read')
      s.queue(8)
      s.jobStart(1, 'camera', 'write')
      if (bad) s.jobEnd(2, 'display', 'read')
      if (bad) s.jobStart(3, 'display', 'read', 2, { line: 9 })
      s.deviceStore(1)
      s.jobEnd(1, 'camera', 'write')
      s.dequeue()
      if (bad) s.jobEnd(3, 'display', 'read')
    }),
  },
]
