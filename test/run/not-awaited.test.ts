/** Calls that a program does not wait for: found by the promise, on every board and however short. */
import { type DmaBuf, DmaHeap, DrmDevice, type Kernel, VideoDevice } from 'dmabuf'
import { type Program, patternSource, runProgram } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { tell } from '../driver/harness.ts'
import { pageExporter } from '../driver/page-exporter.ts'

const LAYOUT = { width: 64, height: 32, format: 'XR24', bytesPerLine: 256 }
const SIZE = 8192
const RUNS = ['pc', 'arm-soc', 'pc-bounce', 'rpi4', 'arm-soc-iommu'].flatMap((board) =>
  (['lazy', 'eager', 'random'] as const).map((policy) => ({ board, policy })),
)

interface Turn {
  readonly kernel: Kernel
  readonly buffer: DmaBuf
  /** The buffer of the other turns. */
  readonly other: DmaBuf
  readonly display: DrmDevice
  readonly fill: (bytes: Uint8Array) => void
}

/** Two buffers in turn, six pictures. */
function drawing(turn: (what: Turn) => Promise<void>): Program {
  return async (kernel: Kernel) => {
    using heap = DmaHeap.open(kernel)
    await using display = await DrmDevice.open(kernel)
    using one = await heap.allocate(SIZE)
    using other = await heap.allocate(SIZE)
    for (let i = 0; i < 6; i++) {
      const fill = (bytes: Uint8Array): void => void bytes.fill(i * 40)
      const [buffer, spare] = i % 2 === 0 ? [one, other] : [other, one]
      await turn({ kernel, buffer, other: spare, display, fill })
    }
  }
}

/** Frames of a camera in three small buffers. */
function capturing(body: (camera: VideoDevice) => Promise<void>): Program {
  return async (kernel: Kernel) => {
    await using camera = await VideoDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    await camera.start(await heap.allocateBuffers(3, format.sizeImage))
    await body(camera)
  }
}

/** The rules that every run found, and those that only some did. */
async function foundBy(program: Program): Promise<string[][]> {
  const found = await Promise.all(
    RUNS.map(async (run) => {
      const result = await runProgram(program, { ...run, source: patternSource(64, 32) })
      expect(result.error).toBeUndefined()
      return result.findings.map(({ rule }) => rule)
    }),
  )
  return [...new Set(found.map((rules) => rules.join(' ')))].map((rules) => rules.split(' '))
}

/* biome-ignore-start lint/nursery/noFloatingPromises: they are the mistake */
const wrong: [string, string, Program][] = [
  [
    'withCpuAccess before show',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      buffer.withCpuAccess('write', fill)
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'withCpuAccess, thrown away with void, a second before show',
    'bracket-not-awaited',
    drawing(async ({ kernel, buffer, display, fill }) => {
      void buffer.withCpuAccess('write', fill)
      await kernel.sleep(1e9)
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'withCpuAccess, awaited only after show',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      const drawn = buffer.withCpuAccess('write', fill)
      await display.show(buffer, LAYOUT)
      await drawn
    }),
  ],
  [
    'a function that awaits withCpuAccess',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      const draw = async (): Promise<void> => {
        await buffer.withCpuAccess('write', fill)
      }
      draw()
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'withCpuAccess in a task that reports its picture',
    'bracket-not-awaited',
    drawing(async ({ kernel, buffer, display, fill }) => {
      await kernel.spawn('producer', async () => {
        buffer.withCpuAccess('write', fill)
        await kernel.sleep(1e6)
      })
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'withCpuAccess around an awaited one, whose bytes are shown',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill, other }) => {
      other.withCpuAccess('read', async () => {
        await buffer.withCpuAccess('write', fill)
      })
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'end()',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      const cpu = await buffer.beginCpuAccess('write')
      fill(cpu.bytes)
      cpu.end()
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'startCpuAccess',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      using map = buffer.map()
      buffer.startCpuAccess('write')
      fill(map.bytes)
      await buffer.endCpuAccess('write')
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'endCpuAccess',
    'bracket-not-awaited',
    drawing(async ({ buffer, display, fill }) => {
      using map = buffer.map()
      await buffer.startCpuAccess('write')
      fill(map.bytes)
      buffer.endCpuAccess('write')
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'withCpuAccess in the loop over frames',
    'bracket-not-awaited',
    capturing(async (camera) => {
      for await (await using frame of camera.frames({ count: 6 })) {
        frame.buffer.withCpuAccess('read-write', (bytes) => bytes.fill(1, 0, 64))
      }
    }),
  ],
  [
    'show()',
    'call-not-awaited',
    drawing(async ({ kernel, buffer, display, fill }) => {
      await buffer.withCpuAccess('write', fill)
      display.show(buffer, LAYOUT)
      await kernel.sleep(1e9)
    }),
  ],
  [
    'queue()',
    'call-not-awaited',
    capturing(async (camera) => {
      for (let i = 0; i < 6; i++) {
        const filled = await camera.dequeue()
        if (filled !== undefined) camera.queue(filled.index)
      }
    }),
  ],
  [
    'stop()',
    'call-not-awaited',
    async (kernel) => {
      await capturing(async (camera) => {
        for await (await using frame of camera.frames({ count: 3 })) void frame.index
        camera.stop()
        await kernel.sleep(1e9)
      })(kernel)
    },
  ],
]
/* biome-ignore-end lint/nursery/noFloatingPromises: they are the mistake */

const right: [string, Program][] = [
  [
    'promises of several buffers in Promise.all',
    async (kernel) => {
      using heap = DmaHeap.open(kernel)
      await using display = await DrmDevice.open(kernel)
      const buffers = await heap.allocateBuffers(3, SIZE)
      await Promise.all(
        buffers.map((buffer) => buffer.withCpuAccess('write', (bytes) => void bytes.fill(7))),
      )
      for (const buffer of buffers) await display.show(buffer, LAYOUT)
      for (const buffer of buffers) buffer.close()
    },
  ],
  [
    'two accesses for reading one buffer in Promise.all',
    drawing(async ({ buffer, display, fill }) => {
      await buffer.withCpuAccess('write', fill)
      const read = (at: number): Promise<number> =>
        buffer.withCpuAccess('read', (bytes) => bytes[at] ?? 0)
      expect(new Set(await Promise.all([read(0), read(64)])).size).toBe(1)
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'an access for reading beside the show of the same buffer',
    drawing(async ({ buffer, display, fill }) => {
      await buffer.withCpuAccess('write', fill)
      const read = buffer.withCpuAccess('read', (bytes) => bytes[0])
      await Promise.all([read, display.show(buffer, LAYOUT)])
    }),
  ],
  [
    'a promise returned to a caller that awaits it',
    drawing(async ({ buffer, display, fill }) => {
      const plain = (): Promise<void> => buffer.withCpuAccess('write', fill)
      const asynchronous = async (): Promise<void> => buffer.withCpuAccess('write', fill)
      await plain()
      await asynchronous()
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'an access within another one, both awaited',
    drawing(async ({ buffer, display, fill, other }) => {
      await other.withCpuAccess('read', async () => {
        await buffer.withCpuAccess('write', fill)
      })
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'a promise kept over a sleep and awaited before show',
    drawing(async ({ kernel, buffer, display, fill }) => {
      const drawn = buffer.withCpuAccess('write', fill)
      await kernel.sleep(1e6)
      await drawn
      await display.show(buffer, LAYOUT)
    }),
  ],
  [
    'a promise that `then` goes on from',
    drawing(({ buffer, display, fill }) =>
      buffer.withCpuAccess('write', fill).then(() => display.show(buffer, LAYOUT)),
    ),
  ],
  [
    'an access in a task that the program awaits',
    drawing(async ({ kernel, buffer, display, fill }) => {
      await kernel.spawn('producer', () => buffer.withCpuAccess('write', fill))
      await display.show(buffer, LAYOUT)
    }),
  ],
]

describe('a call that is not awaited is the one finding of every run', () => {
  it.each(wrong)('%s', async (_what, rule, program) => {
    expect(await foundBy(program)).toEqual([[rule]])
  })
})

describe('a call that is awaited is no finding', () => {
  it.each(right)('%s', async (_what, program) => {
    expect(await foundBy(program)).toEqual([['']])
  })
})

it('the finding stands at the call, and names what came too early', async () => {
  const [, , program] = wrong[0] as (typeof wrong)[0]
  const { findings } = await runProgram(program, { board: 'pc' })
  expect(findings[0]?.where).toMatch(/not-awaited\.test\.ts:\d+:\d+$/)
  expect(findings[0]?.message).toMatch(
    /^the program calls DmaBuf\.withCpuAccess on buffer 1 \(event \d+\) and does not await it before DrmDevice\.show /,
  )
  expect(findings[0]?.related.map(({ where }) => where)).toHaveLength(1)
})

it('a call in a function that is not awaited is not said to lack its own await', async () => {
  const program = drawing(async ({ buffer, display, fill }) => {
    const draw = async (): Promise<void> => {
      await buffer.withCpuAccess('write', fill)
    }
    // biome-ignore lint/nursery/noFloatingPromises: it is the mistake
    draw()
    await display.show(buffer, LAYOUT)
  })
  const { findings } = await runProgram(program, { board: 'pc' })
  const [found] = findings
  expect(found?.message).toMatch(/, and before it has completed DrmDevice\.show gives buffer /)
  expect(found?.because.text).toContain('the function that makes the call is not awaited')
  const [caller, next] = found?.related ?? []
  expect(caller?.label).toBe('the function that makes the call is called here')
  expect((caller?.place?.line ?? 0) + 1).toBe(next?.place?.line)
})

it('two calls of one task wait for each other inside an exporter that sleeps', async () => {
  const slow = pageExporter({
    broken: (context, ops) => ({
      beginCpuAccess: async (buffer, direction) => {
        await context.sleep(10_000)
        await ops.beginCpuAccess?.(buffer, direction)
      },
      mapDmaBuf: async (attachment, direction) => {
        await context.sleep(10_000)
        return await ops.mapDmaBuf(attachment, direction)
      },
    }),
  })
  const program: Program = async (kernel) => {
    using heap = DmaHeap.open(kernel, 'pages')
    await using display = await DrmDevice.open(kernel)
    using buffer = await heap.allocate(SIZE)
    await buffer.withCpuAccess('write', (bytes) => void bytes.fill(1))
    await Promise.all([
      display.show(buffer, LAYOUT),
      kernel.sleep(3000).then(() => buffer.withCpuAccess('read', (bytes) => bytes[0])),
      kernel.sleep(4000).then(() => buffer.withCpuAccess('read', (bytes) => bytes[1])),
    ])
  }
  const { error, findings, misuse } = await tell(program, [slow], { board: 'arm-soc' })
  expect([error, findings.map(({ message }) => message), misuse]).toEqual([undefined, [], []])
})

describe('a program that throws', () => {
  const open = async (
    kernel: Kernel,
    body: (camera: VideoDevice, buffers: DmaBuf[]) => Promise<void>,
  ): Promise<void> => {
    await using camera = await VideoDevice.open(kernel)
    using heap = DmaHeap.open(kernel)
    const format = await camera.setFormat({ width: 64, height: 32, format: 'XR24' })
    await body(camera, await heap.allocateBuffers(3, format.sizeImage))
  }

  /* biome-ignore-start lint/nursery/noFloatingPromises: they are the mistake */
  it.each<[string, (camera: VideoDevice, buffers: DmaBuf[]) => Promise<void>]>([
    [
      'start()',
      async (camera, buffers) => {
        camera.start(buffers)
        for await (await using frame of camera.frames({ count: 1 })) void frame.index
      },
    ],
    [
      'startMmap()',
      async (camera, buffers) => {
        for (const buffer of buffers) buffer.close()
        camera.startMmap(3)
        await camera.dequeue()
      },
    ],
    [
      'a function that awaits start()',
      async (camera, buffers) => {
        const begin = async (): Promise<void> => {
          await camera.start(buffers)
        }
        begin()
        for await (await using frame of camera.frames({ count: 1 })) void frame.index
      },
    ],
  ])('because %s has not completed has one finding, which explains it', async (_what, body) => {
    for (const run of RUNS) {
      const result = await runProgram((kernel) => open(kernel, body), run)
      expect(result.findings.map(({ rule }) => rule)).toEqual(['call-not-awaited'])
      expect(result.error).toMatchObject({ kind: 'threw', explained: true })
      expect(result.error?.message).toContain('not streaming yet')
    }
  })
  /* biome-ignore-end lint/nursery/noFloatingPromises: they are the mistake */

  it('for another reason has no finding, with a promise that is kept for later', async () => {
    const body = async (kernel: Kernel, camera: VideoDevice, buffers: DmaBuf[]): Promise<void> => {
      const started = camera.start(buffers)
      await kernel.sleep(1e6)
      if (!camera.closed) throw new RangeError('another reason')
      await started
    }
    const program: Program = (kernel) =>
      open(kernel, (camera, buffers) => body(kernel, camera, buffers))
    const { error, findings } = await runProgram(program, { board: 'pc' })
    expect(findings).toEqual([])
    expect(error?.message).toContain('another reason')
    expect(error?.explained).toBeUndefined()
  })

  it('because no start() was called at all has no finding', async () => {
    const body = async (camera: VideoDevice, buffers: DmaBuf[]): Promise<void> => {
      for (const buffer of buffers) buffer.close()
      await camera.dequeue()
    }
    const { error, findings } = await runProgram((kernel) => open(kernel, body), { board: 'pc' })
    expect(findings).toEqual([])
    expect(error?.explained).toBeUndefined()
  })
})

describe('a CPU access that is under way when the program returns', () => {
  const returning = async (body: (buffer: DmaBuf) => Promise<void>): Promise<unknown> => {
    const program: Program = async (kernel) => {
      using heap = DmaHeap.open(kernel)
      using buffer = await heap.allocate(SIZE)
      await body(buffer)
    }
    const { error, findings } = await runProgram(program, { board: 'pc' })
    return [error?.kind, error?.explained, findings.map(({ rule }) => rule)]
  }

  it('is one finding, although no device knows the buffer', async () => {
    const body = async (buffer: DmaBuf): Promise<void> => {
      // biome-ignore lint/nursery/noFloatingPromises: it is the mistake
      buffer.withCpuAccess('write', (bytes) => void bytes.fill(1))
    }
    expect(await returning(body)).toEqual(['pending', true, ['bracket-not-awaited']])
  })

  it('lacks no END of the program, beside an access that does', async () => {
    const body = async (buffer: DmaBuf): Promise<void> => {
      const fails = (): never => {
        throw new Error('in the callback')
      }
      buffer.withCpuAccess('read', fails).catch(() => undefined)
      await buffer.beginCpuAccess('read')
    }
    const found = ['bracket-not-awaited', 'unbalanced-bracket']
    expect(await returning(body)).toEqual(['pending', true, found])
  })

  it('is no finding when it is awaited', async () => {
    const body = (buffer: DmaBuf): Promise<void> =>
      buffer.withCpuAccess('write', (bytes) => void bytes.fill(1))
    expect(await returning(body)).toEqual([undefined, undefined, []])
  })
})
