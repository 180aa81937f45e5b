import { describe, expect, it } from 'vitest'
import { O_NONBLOCK, O_RDWR } from '../../../src/abi/fcntl.ts'
import { FOURCC_XR24, FOURCC_YU12, fourcc } from '../../../src/abi/fourcc.ts'
import * as v4l2 from '../../../src/abi/v4l2.ts'
import {
  v4l2Buffer,
  v4l2Capability,
  v4l2Exportbuffer,
  v4l2Fmtdesc,
  v4l2Format,
  v4l2Requestbuffers,
  v4l2Type,
} from '../../../src/abi/v4l2-struct.ts'
import { CaptureDevice } from '../../../src/drivers/capture/capture-device.ts'
import type { OpenFile } from '../../../src/kernel/dmabuf/file.ts'
import { bufferStruct, CAPTURE, DMABUF, FRAME, MMAP, Rig, SIZE } from './rig.ts'

const OUTPUT = v4l2.V4L2_BUF_TYPE_VIDEO_OUTPUT
const REQUEST_FD = v4l2.V4L2_BUF_FLAG_REQUEST_FD

/** A situation, a call in it, and the error it must give. */
type Row = readonly [what: string, error: string, run: (rig: Rig) => Promise<string>]

async function after(first: Promise<unknown>, then: () => Promise<string>): Promise<string> {
  await first
  return then()
}

function request(
  rig: Rig,
  values: { count?: number; type?: number; memory?: number },
  file?: OpenFile,
) {
  const bytes = v4l2Requestbuffers.create({ count: 2, type: CAPTURE, memory: DMABUF, ...values })
  return rig.call(v4l2.VIDIOC_REQBUFS, bytes, file === undefined ? {} : { file })
}

function expbuf(rig: Rig, values: object, file?: OpenFile): Promise<string> {
  const bytes = v4l2Exportbuffer.create({ type: CAPTURE, ...values })
  return rig.call(v4l2.VIDIOC_EXPBUF, bytes, file === undefined ? {} : { file })
}

const other = (rig: Rig): OpenFile => rig.device.open(O_RDWR)

const rows: readonly Row[] = [
  ['an unknown request', 'ENOTTY', (rig) => rig.call(0xc0045699, new Uint8Array(4))],
  ['a dma-buf request', 'ENOTTY', (rig) => rig.call(0x40086200, new Uint8Array(8))],

  [
    'ENUM_FMT past the last',
    'EINVAL',
    (rig) => rig.call(v4l2.VIDIOC_ENUM_FMT, v4l2Fmtdesc.create({ index: 4, type: CAPTURE })),
  ],
  [
    'ENUM_FMT of another type',
    'EINVAL',
    (rig) => rig.call(v4l2.VIDIOC_ENUM_FMT, v4l2Fmtdesc.create({ type: OUTPUT })),
  ],
  ...[v4l2.VIDIOC_G_FMT, v4l2.VIDIOC_S_FMT, v4l2.VIDIOC_TRY_FMT].map(
    (number): Row => [
      'a format of another type',
      'EINVAL',
      (rig) => rig.call(number, v4l2Format.create({ type: OUTPUT })),
    ],
  ),
  [
    'S_FMT while buffers exist',
    'EBUSY',
    (rig) => after(rig.request(1, DMABUF), () => rig.setFormat(FOURCC_XR24)),
  ],

  ['REQBUFS of another type', 'EINVAL', (rig) => request(rig, { type: OUTPUT })],
  ['REQBUFS with USERPTR', 'EINVAL', (rig) => request(rig, { memory: v4l2.V4L2_MEMORY_USERPTR })],
  ['REQBUFS(0) with no memory named', 'EINVAL', (rig) => request(rig, { count: 0, memory: 0 })],
  ['REQBUFS while streaming', 'EBUSY', (rig) => after(rig.streaming(1), () => request(rig, {}))],
  [
    'REQBUFS(0) while streaming',
    'EBUSY',
    (rig) => after(rig.streaming(1), () => request(rig, { count: 0 })),
  ],
  [
    'bad memory before a busy queue',
    'EINVAL',
    (rig) => after(rig.streaming(1), () => request(rig, { memory: 7 }, other(rig))),
  ],
  [
    "REQBUFS on another file's queue",
    'EBUSY',
    (rig) => after(request(rig, {}), () => request(rig, {}, other(rig))),
  ],

  [
    'QUERYBUF without buffers',
    'EINVAL',
    (rig) => rig.call(v4l2.VIDIOC_QUERYBUF, v4l2Buffer.create({ type: CAPTURE })),
  ],
  [
    'QUERYBUF past the last',
    'EINVAL',
    (rig) =>
      after(request(rig, {}), () =>
        rig.call(v4l2.VIDIOC_QUERYBUF, v4l2Buffer.create({ type: CAPTURE, index: 2 })),
      ),
  ],
  [
    'QUERYBUF of another type',
    'EINVAL',
    (rig) =>
      after(request(rig, {}), () =>
        rig.call(v4l2.VIDIOC_QUERYBUF, v4l2Buffer.create({ type: OUTPUT })),
      ),
  ],

  ['QBUF without buffers', 'EINVAL', (rig) => rig.queueFd(0, rig.heapFd())],
  [
    'QBUF of another type',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queue({ type: OUTPUT, m_fd: rig.heapFd() })),
  ],
  [
    'QBUF with other memory',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queue({ memory: MMAP })),
  ],
  [
    'QBUF past the last',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queueFd(2, rig.heapFd())),
  ],
  [
    "QBUF on another file's queue",
    'EBUSY',
    (rig) => after(request(rig, {}), () => rig.queue({ m_fd: rig.heapFd() }, other(rig))),
  ],
  [
    'QBUF of a queued buffer',
    'EINVAL',
    (rig) => after(rig.streaming(2), () => rig.queueFd(1, rig.heapFd())),
  ],
  [
    'QBUF for a request',
    'EBADR',
    (rig) => after(request(rig, {}), () => rig.queue({ m_fd: rig.heapFd(), flags: REQUEST_FD })),
  ],
  [
    'QBUF for a request, of a queued buffer',
    'EINVAL',
    (rig) => after(rig.streaming(2), () => rig.queue({ index: 1, flags: REQUEST_FD })),
  ],
  [
    'QBUF for a request, with other memory',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queue({ memory: MMAP, flags: REQUEST_FD })),
  ],
  [
    'QBUF of a filled buffer',
    'EINVAL',
    async (rig) => {
      await rig.streaming(1)
      await rig.sleep(2_500_000)
      return rig.queueFd(0, rig.heapFd())
    },
  ],
  [
    'QBUF of a descriptor that is not open',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queueFd(0, 999)),
  ],
  [
    'QBUF of a descriptor that is no dma-buf',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queueFd(0, rig.files.install(other(rig)))),
  ],
  [
    'QBUF of a dma-buf that is too small',
    'EINVAL',
    async (rig) => {
      const large = new Rig({ source: { ...rig.source, width: 64, height: 64 } })
      await large.request(1, DMABUF)
      return large.queueFd(0, large.heapFd(4096))
    },
  ],
  [
    'QBUF with a length below the frame',
    'EINVAL',
    (rig) => after(request(rig, {}), () => rig.queueFd(0, rig.heapFd(), FRAME - 1)),
  ],
  [
    'QBUF with a length beyond the dma-buf',
    'EFAULT',
    (rig) => after(request(rig, {}), () => rig.queueFd(0, rig.heapFd(), 4097)),
  ],

  ['DQBUF when not streaming', 'EINVAL', (rig) => after(request(rig, {}), () => rig.tryDequeue())],
  [
    'DQBUF when not streaming, not waiting',
    'EINVAL',
    (rig) => {
      rig.file.flags |= O_NONBLOCK
      return rig.tryDequeue()
    },
  ],
  [
    'DQBUF of another type',
    'EINVAL',
    (rig) =>
      after(rig.streaming(1), () => rig.call(v4l2.VIDIOC_DQBUF, bufferStruct({ type: OUTPUT }))),
  ],
  [
    "DQBUF on another file's queue",
    'EBUSY',
    (rig) => after(rig.streaming(1), () => rig.tryDequeue({ file: other(rig) })),
  ],

  [
    'EXPBUF of imported memory',
    'EINVAL',
    (rig) => after(rig.request(1, DMABUF), () => expbuf(rig, {})),
  ],
  ['EXPBUF without buffers', 'EINVAL', (rig) => expbuf(rig, {})],
  [
    'EXPBUF past the last',
    'EINVAL',
    (rig) => after(rig.request(1, MMAP), () => expbuf(rig, { index: 1 })),
  ],
  [
    'EXPBUF of another plane',
    'EINVAL',
    (rig) => after(rig.request(1, MMAP), () => expbuf(rig, { plane: 1 })),
  ],
  [
    'EXPBUF of another type',
    'EINVAL',
    (rig) => after(rig.request(1, MMAP), () => expbuf(rig, { type: OUTPUT })),
  ],
  [
    'EXPBUF with other flags',
    'EINVAL',
    (rig) => after(rig.request(1, MMAP), () => expbuf(rig, { flags: O_NONBLOCK })),
  ],
  [
    "EXPBUF on another file's queue",
    'EBUSY',
    (rig) => after(rig.request(1, MMAP), () => expbuf(rig, {}, other(rig))),
  ],
  [
    'EXPBUF without room for a descriptor',
    'EMFILE',
    (rig) =>
      after(rig.request(1, MMAP), () => {
        rig.files.full = true
        return expbuf(rig, {})
      }),
  ],

  ['STREAMON without buffers', 'EINVAL', (rig) => rig.streamOn()],
  [
    'STREAMON of another type',
    'EINVAL',
    (rig) =>
      after(rig.request(1, DMABUF), () =>
        rig.call(v4l2.VIDIOC_STREAMON, v4l2Type.create({ type: OUTPUT })),
      ),
  ],
  [
    "STREAMON on another file's queue",
    'EBUSY',
    (rig) => after(rig.request(1, DMABUF), () => rig.streamOn(other(rig))),
  ],
  [
    "STREAMOFF on another file's queue",
    'EBUSY',
    (rig) => after(rig.streaming(1), () => rig.streamOff(other(rig))),
  ],
  [
    'STREAMOFF of another type',
    'EINVAL',
    (rig) => rig.call(v4l2.VIDIOC_STREAMOFF, v4l2Type.create({ type: OUTPUT })),
  ],
]

describe('errors', () => {
  it.each(rows)('%s: %s', async (_what, error, run) => {
    expect(await run(new Rig())).toBe(error)
  })

  it('leave the structure as it was', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    const bytes = v4l2Requestbuffers.create({ count: 3, type: CAPTURE, memory: DMABUF, flags: 1 })
    const before = bytes.slice()
    await rig.call(v4l2.VIDIOC_REQBUFS, bytes)
    expect(bytes).toEqual(before)
  })
})

describe('what is no error', () => {
  it('STREAMON twice, STREAMOFF at any time', async () => {
    const rig = new Rig()
    expect(await rig.streamOff()).toBe('ok')
    await rig.streaming(1)
    expect(await rig.streamOn()).toBe('ok')
    expect(await rig.streamOff()).toBe('ok')
    expect(await rig.streamOff()).toBe('ok')
  })

  it('another file after REQBUFS(0), or after the owner was closed', async () => {
    const rig = new Rig()
    const second = other(rig)
    await rig.request(1, DMABUF)
    expect(await rig.request(1, DMABUF, second)).toBe('EBUSY')
    await rig.request(0, DMABUF)
    expect(await rig.request(1, DMABUF, second)).toBe('ok')
    second.release()
    expect(await rig.request(1, DMABUF)).toBe('ok')
  })

  it('a close of a file that does not have the buffers', async () => {
    const rig = new Rig()
    await rig.streaming(1)
    other(rig).release()
    expect((await rig.dequeue()).sequence).toBe(0)
  })
})

describe('the structures', () => {
  it('name the driver and its capabilities', async () => {
    const { capabilities, device_caps, card } = await new Rig().get(
      v4l2.VIDIOC_QUERYCAP,
      v4l2Capability,
      {},
    )
    expect(card).toBe('Simulated camera')
    expect(capabilities).toBe((device_caps | v4l2.V4L2_CAP_DEVICE_CAPS) >>> 0)
    const needed = v4l2.V4L2_CAP_VIDEO_CAPTURE | v4l2.V4L2_CAP_STREAMING
    expect(device_caps & needed).toBe(needed)
  })

  it('list the recorded format first', async () => {
    const rig = new Rig()
    const list = [0, 1].map((index) =>
      rig.get(v4l2.VIDIOC_ENUM_FMT, v4l2Fmtdesc, { index, type: CAPTURE }),
    )
    const formats = await Promise.all(list)
    expect(formats.map(({ pixelformat }) => pixelformat)).toEqual([FOURCC_YU12, FOURCC_XR24])
    expect(formats.map(({ description }) => description)).toEqual([
      'Planar YUV 4:2:0',
      '32-bit BGRX 8-8-8-8',
    ])
  })

  it("adjust every wish to the source's size, and an unknown format to the first", async () => {
    const rig = new Rig()
    for (const [asked, given, line, size] of [
      [FOURCC_YU12, FOURCC_YU12, 32, FRAME],
      [FOURCC_XR24, FOURCC_XR24, 128, 128 * 16],
      [fourcc('MJPG'), FOURCC_YU12, 32, FRAME],
    ] as const) {
      const bytes = v4l2Format.create({ type: CAPTURE })
      const { pix } = v4l2Format.over(bytes)
      pix.width = 4096
      pix.height = 3
      pix.pixelformat = asked
      expect(await rig.call(v4l2.VIDIOC_TRY_FMT, bytes)).toBe('ok')
      expect(v4l2Format.decode(bytes).pix).toMatchObject({
        ...SIZE,
        pixelformat: given,
        bytesperline: line,
        sizeimage: size,
        field: v4l2.V4L2_FIELD_NONE,
      })
    }
    const current = await rig.get(v4l2.VIDIOC_G_FMT, v4l2Format, { type: CAPTURE })
    expect(current.pix.pixelformat).toBe(FOURCC_YU12)
    await rig.setFormat(FOURCC_XR24)
    const changed = await rig.get(v4l2.VIDIOC_G_FMT, v4l2Format, { type: CAPTURE })
    expect(changed.pix.sizeimage).toBe(128 * 16)
  })

  it('grant at most 32 buffers', async () => {
    const values = { count: 100, type: CAPTURE, memory: DMABUF }
    const granted = await new Rig().get(v4l2.VIDIOC_REQBUFS, v4l2Requestbuffers, values)
    expect(granted.count).toBe(32)
  })

  it('show where a buffer is', async () => {
    const rig = new Rig()
    await rig.request(1, DMABUF)
    expect(await rig.query(0)).toMatchObject({ flags: 0x2000, length: FRAME, m_fd: 0 })
    const fd = rig.heapFd()
    await rig.queueFd(0, fd)
    expect(await rig.query(0)).toMatchObject({ flags: 0x2002, length: 4096, m_fd: fd })
    await rig.streamOn()
    await rig.sleep(1_500_000)
    expect(await rig.query(0)).toMatchObject({ flags: 0x2004, bytesused: FRAME })
    await rig.dequeue()
    expect((await rig.query(0)).flags).toBe(0x2000)
  })
})

it('has the path that programs open', () => {
  expect(new Rig().device).toBeInstanceOf(CaptureDevice)
  expect(new Rig().device.path).toBe('/dev/video0')
})
