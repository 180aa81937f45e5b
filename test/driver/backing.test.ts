/** Memory behind a live buffer: freed, swapped, or another one for devices than for the CPU. */
import { DmaHeap } from 'dmabuf'
import { boards } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'
import { type EngineOptions, engine } from './engine.ts'
import { tell } from './harness.ts'
import { type How, mover, SIZE, wholeMove, withMover } from './mover.ts'

/** The CPU stores, before and after the move, and a device sums up. */
const cpuToDevice = withMover(async ({ buffer, dma, move }) => {
  using map = buffer.map()
  const sums: number[] = []
  for (const value of [1, 2]) {
    await buffer.startCpuAccess('write')
    map.fill(value)
    await buffer.endCpuAccess('write')
    sums.push((await dma.sum(buffer)) / SIZE)
    if (value === 1) await move()
  }
  return sums
})

/** A device fills, before and after the move, and the CPU reads. */
const deviceToCpu = withMover(async ({ buffer, dma, move }) => {
  using map = buffer.map()
  const seen: (number | undefined)[] = []
  for (const value of [1, 2]) {
    await dma.fill(buffer, value)
    await buffer.startCpuAccess('read')
    seen.push(map.read(0, 1)[0])
    await buffer.endCpuAccess('read')
    if (value === 1) await move()
  }
  return seen
})

/** The same with the array of a CPU access, which stays mapped in between. */
const withArrays = withMover(async ({ buffer, dma, move }) => {
  const seen: (number | undefined)[] = []
  for (const value of [1, 2]) {
    await buffer.withCpuAccess('read-write', (bytes) => bytes.fill(value))
    seen.push((await dma.sum(buffer)) / SIZE)
    await dma.fill(buffer, value + 4)
    await buffer.withCpuAccess('read', (bytes) => void seen.push(bytes[0]))
    if (value === 1) await move()
  }
  return seen
})

const programs = { cpuToDevice, deviceToCpu, withArrays }
const rightValues = { cpuToDevice: [1, 2], deviceToCpu: [1, 2], withArrays: [1, 5, 2, 6] }

async function run(
  name: keyof typeof programs,
  how: How,
  options: EngineOptions = {},
  board = 'arm-soc',
) {
  const drivers = [mover(how), engine('dma', options)]
  const { findings, value, error } = await tell(programs[name], drivers, { board })
  expect(error).toBeUndefined()
  return { rules: findings.map(({ rule }) => rule), findings, value }
}

const names = Object.keys(programs) as (keyof typeof programs)[]
const dropping: EngineOptions = { keep: true, dynamic: 'drops' }

describe.each([...boards.keys()])('on %s, an exporter', (board) => {
  it.each(names)('that moves as it must is clean, and right: %s', async (name) => {
    for (const options of [dropping, {}]) {
      const { rules, value } = await run(name, wholeMove, options, board)
      expect(rules).toEqual([])
      expect(value).toEqual(rightValues[name])
    }
  })

  it.each(names)('with a shadow that it copies is clean, and right: %s', async (name) => {
    for (const options of [{ keep: true }, {}]) {
      const { rules, value } = await run(name, { shadow: 'copied' }, options, board)
      expect(value).toEqual(rightValues[name])
      expect(rules).toEqual([])
    }
  })

  it.each(names)('with a shadow that it never copies is named: %s', async (name) => {
    const { rules, findings, value } = await run(
      name,
      { shadow: 'forgotten' },
      { keep: true },
      board,
    )
    expect(value).not.toEqual(rightValues[name])
    expect(rules).toEqual(['backing-mismatch'])
    expect(findings[0]?.where).toMatch(/mover\.ts/)
    expect(findings[0]?.related.length).toBeGreaterThan(1)
  })

  it.each(names)('that frees under the mapping of a process is named once: %s', async (name) => {
    const { rules, findings } = await run(name, { ...wholeMove, zaps: false }, dropping, board)
    expect(rules).toEqual(['freed-in-use'])
    expect(findings[0]?.message).toMatch(
      /mover frees pages of mover .* while the program has bytes/,
    )
    expect(findings[0]?.where).toMatch(/mover\.ts/)
  })

  it.each(names)('that frees under the mapping of a device is named once: %s', async (name) => {
    const { rules, findings } = await run(
      name,
      { ...wholeMove, notifies: false },
      { keep: true },
      board,
    )
    expect(rules).toEqual(['freed-in-use'])
    expect(findings[0]?.message).toMatch(/while dma has bytes/)
  })

  it.each(names)('that swaps and takes nothing back is named: %s', async (name) => {
    const { rules, value } = await run(name, { zaps: false, notifies: true }, dropping, board)
    expect(value).not.toEqual(rightValues[name])
    expect(rules).toEqual(['backing-mismatch'])
  })

  it.each(names)('is not named for an importer that goes on as before a move: %s', async (name) => {
    const stubborn: EngineOptions = { keep: true, dynamic: 'stubborn' }
    const { rules, findings } = await run(name, wholeMove, stubborn, board)
    expect(rules).toEqual(['backing-mismatch'])
    expect(findings[0]?.where).toMatch(/engine\.ts/)
    expect(findings[0]?.message).toMatch(/made before the buffer moved/)
  })
})

describe('memory that is freed', () => {
  it('under the mapping of a driver is named', async () => {
    const program = withMover(async ({ vmap, move }) => {
      await vmap()
      await move()
    })
    const { findings } = await tell(program, [mover(wholeMove), engine('dma')])
    const freed = findings.find(({ rule }) => rule === 'freed-in-use')
    expect(freed?.message).toMatch(/while the kernel \(mover\) has bytes/)
  })

  it('and given to another buffer, whose bytes are stored over, is named where it was freed', async () => {
    const program = withMover(async ({ kernel, buffer, dma, move }) => {
      using map = buffer.map()
      map.fill(1)
      await dma.fill(buffer, 1)
      await move()
      using heap = DmaHeap.open(kernel)
      using victim = await heap.allocate(SIZE)
      await victim.withCpuAccess('write', (bytes) => bytes.fill(9))
      await dma.sum(victim)
      await buffer.startCpuAccess('read-write')
      map.fill(3)
      await buffer.endCpuAccess('read-write')
      let first: number | undefined
      await victim.withCpuAccess('read', ([byte]) => {
        first = byte
      })
      await dma.sum(victim)
      return first
    })
    const how = { frees: true, copies: false }
    for (const board of boards.values()) {
      const drivers = [mover(how), engine('dma')]
      const { findings, value } = await tell(program, drivers, { board, policy: 'eager' })
      expect(value).toBe(3)
      expect(findings.map(({ rule }) => rule)).toEqual(['freed-in-use'])
    }
  })
})

describe('a mapping whose pages were taken out', () => {
  it('shows the new ones at the next access, also to arrays of the next CPU access', async () => {
    const program = withMover(async ({ buffer, move }) => {
      using map = buffer.map()
      await buffer.withCpuAccess('write', () => map.bytes.fill(7))
      await move()
      const seen = [map.read(0, 1)[0]]
      await buffer.withCpuAccess('read', () => void seen.push(map.bytes[1]))
      await buffer.withCpuAccess('read', (bytes) => void seen.push(bytes[2]))
      return seen
    })
    const drivers = [mover(wholeMove), engine('dma')]
    const { value, findings } = await tell(program, drivers, { board: 'pc' })
    expect(value).toEqual([7, 7, 7])
    expect(findings).toEqual([])
  })
})
