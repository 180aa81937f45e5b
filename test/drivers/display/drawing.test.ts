/** Drawing with the CPU into dumb buffers and shared buffers while the display has them. */
import {
  DmaHeap,
  DrmDevice,
  type DumbBuffer,
  type Kernel,
  type Mapping,
  Memfd,
  Udmabuf,
} from 'dmabuf'
import { type Program, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const RUNS = ['pc', 'arm-soc', 'rpi4'].flatMap((board) =>
  (['lazy', 'eager', 'random'] as const).map((policy) => ({ board, policy })),
)
const LAYOUT = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 }

interface Drawn {
  readonly dumb: DumbBuffer
  readonly map: Mapping
  readonly framebuffer: number
}

interface Screen {
  readonly kernel: Kernel
  readonly front: Drawn
  readonly back: Drawn
  /** May sleep. Sets the mode. */
  set(picture: Drawn): Promise<void>
  /** May sleep. Asks for the flip, and does not wait for its event. */
  flip(picture: Drawn): Promise<void>
  /** May sleep, until the flip is done. */
  flipped(): Promise<void>
}

/** A screen and two dumb buffers. */
function onScreen(body: (screen: Screen) => Promise<void>): Program {
  return async (kernel: Kernel) => {
    await using display = await DrmDevice.open(kernel)
    const [output] = await display.outputs()
    const mode = output?.modes[0]
    if (output === undefined || mode === undefined) throw new Error('there is no screen')
    const { hdisplay: width, vdisplay: height } = mode
    const { crtc, connector } = output
    const make = async (): Promise<Drawn> => {
      const dumb = await display.createDumb({ width, height })
      const map = await dumb.map()
      const picture = { width, height, format: 'XR24', bytesPerLine: dumb.pitch }
      const framebuffer = await display.addFramebuffer({ ...picture, handle: dumb.handle })
      return { dumb, map, framebuffer }
    }
    const [front, back] = [await make(), await make()]
    await body({
      kernel,
      front,
      back,
      set: ({ framebuffer }) =>
        display.setCrtc({ crtc, connectors: [connector], framebuffer, mode }),
      flip: ({ framebuffer }) => display.pageFlip({ crtc, framebuffer, userData: 1 }),
      flipped: async () => void (await display.readEvent()),
    })
    for (const { dumb, map, framebuffer } of [front, back]) {
      map[Symbol.dispose]()
      await display.removeFramebuffer(framebuffer)
      await dumb[Symbol.asyncDispose]()
    }
  }
}

/** The rules and the texts of the lines that the runs found; one entry where they agree. */
async function foundBy(program: Program): Promise<string[]> {
  const found = await Promise.all(
    RUNS.map(async (run) => {
      const { error, findings } = await runProgram(program, run)
      expect(error).toBeUndefined()
      return findings.map(({ rule }) => rule).join(' ')
    }),
  )
  return [...new Set(found)]
}

/** Each of six turns draws into and flips one of the two; the other one is on screen. */
function turns(
  turn: (screen: Screen, next: Drawn, shown: Drawn, value: number) => Promise<void>,
): Program {
  return onScreen(async (screen) => {
    const { front, back } = screen
    front.map.bytes.fill(1)
    await screen.set(front)
    for (let i = 0; i < 6; i++) {
      const [next, shown] = i % 2 === 0 ? [back, front] : [front, back]
      await turn(screen, next, shown, i + 5)
    }
  })
}

const wrong: [string, Program][] = [
  [
    'line by line into the buffer that is shown',
    onScreen(async ({ kernel, front, set }) => {
      await set(front)
      const { bytes } = front.map
      for (let y = 0; y < 10; y++) {
        bytes.fill(y + 1, y * front.dumb.pitch, (y + 1) * front.dumb.pitch)
        await kernel.sleep(1e6)
      }
    }),
  ],
  [
    'into the buffer that was just given to a flip',
    turns(async ({ flip, flipped }, next, _shown, value) => {
      await flip(next)
      next.map.bytes.fill(value)
      await flipped()
    }),
  ],
  [
    'into the buffer that is shown until the flip is done',
    turns(async ({ flip, flipped }, next, shown, value) => {
      await flip(next)
      shown.map.bytes.fill(value)
      await flipped()
    }),
  ],
  [
    'into the only buffer there is',
    turns(async ({ front, flip, flipped }, _next, _shown, value) => {
      front.map.bytes.fill(value)
      await flip(front)
      await flipped()
    }),
  ],
  [
    'a few bytes with `fill` of the mapping',
    turns(async ({ flip, flipped }, next, shown, value) => {
      shown.map.fill(value, 0, 64)
      await flip(next)
      await flipped()
    }),
  ],
]

const right: [string, Program][] = [
  [
    'into the other buffer, which is shown afterwards',
    turns(async ({ flip, flipped }, next, _shown, value) => {
      next.map.bytes.fill(value)
      await flip(next)
      await flipped()
    }),
  ],
  [
    'the one picture, before the mode is set',
    onScreen(async ({ kernel, front, set }) => {
      front.map.bytes.fill(1)
      await set(front)
      await kernel.sleep(1e8)
    }),
  ],
  [
    'into what was shown, after the event of the flip that replaced it',
    turns(async ({ flip, flipped }, next, shown, value) => {
      await flip(next)
      await flipped()
      shown.map.bytes.fill(value)
    }),
  ],
]

describe('what tears is one finding of every run: drawing', () => {
  it.each(wrong)('%s', async (_what, program) => {
    expect(await foundBy(program)).toEqual(['early-reuse'])
  })
})

describe('what does not tear is no finding: drawing', () => {
  it.each(right)('%s', async (_what, program) => {
    expect(await foundBy(program)).toEqual([''])
  })
})

it('one buffer of a heap, shown again and again, is an access over DMA', async () => {
  const program: Program = async (kernel) => {
    using heap = DmaHeap.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using buffer = await heap.allocate(8192)
    for (let i = 1; i < 5; i++) {
      await buffer.withCpuAccess('write', (bytes) => void bytes.fill(i))
      await display.show(buffer, LAYOUT)
    }
  }
  expect(await foundBy(program)).toEqual(['bracket-over-dma'])
})

it('a memfd is not written under its udmabuf on screen', async () => {
  const program: Program = async (kernel) => {
    using memfd = Memfd.create(kernel, 'picture', 8192, { seals: ['shrink'] })
    using udmabuf = Udmabuf.open(kernel)
    using buffer = await udmabuf.create(memfd)
    await using display = await DrmDevice.open(kernel)
    await buffer.withCpuAccess('write', (bytes) => void bytes.fill(1))
    await display.show(buffer, LAYOUT)
    using map = memfd.map()
    map.bytes.fill(5)
    await kernel.sleep(1e8)
  }
  expect(await foundBy(program)).toEqual(['uncovered-mapping'])
})

it('the finding says since when the display has the picture, and where it got it', async () => {
  const [, program] = wrong[1] as (typeof wrong)[0]
  const { findings } = await runProgram(program, { board: 'pc' })
  expect(findings[0]?.message).toMatch(
    /^the program stores to bytes 0 to \d+ of buffer 2 \(found at event \d+\) while display is about to read them \(since event \d+\)\.$/,
  )
  expect(findings[0]?.because.text).toMatch(/^display had not released the buffer /)
  expect(findings[0]?.related[0]?.where).toMatch(/drawing\.test\.ts:\d+:\d+$/)
})
