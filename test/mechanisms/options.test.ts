/** Wrong options of a run with another system heap, and of a comparison. */
import { compareMechanisms, runProgram, uncachedHeap } from 'dmabuf/sim'
import { describe, expect, it } from 'vitest'

const nothing = (): void => {}

describe('the option', () => {
  it.each([
    [{ systemHeap: 5 }, '"options.systemHeap" argument must be a driver'],
    [{ systemHeap: { name: 'x' } }, '"options.systemHeap" argument must be a driver'],
    [{ imports: 'once' }, `"options.imports" must be one of 'kept', 'per-use'`],
    [{ failures: 1 }, '"options.failures" argument must be a boolean'],
    [{ failures: true, schedule: '1.f' }, 'options.failures and options.schedule exclude'],
  ])('%j of a run is refused', async (options, message) => {
    await expect(runProgram(nothing, options as never)).rejects.toThrow(message)
  })

  it.each([
    [{ mechanisms: ['sync'] }, '"options.mechanisms[]" argument must be a Mechanism'],
    [{ mechanisms: 'sync' }, '"options.mechanisms" argument must be an array'],
    [{ boards: 'pc' }, '"options.boards" argument must be an array'],
    [{ imports: ['once'] }, `"options.imports" must be one of 'kept', 'per-use'`],
  ])('%j of a comparison is refused', async (options, message) => {
    await expect(compareMechanisms(nothing, options as never)).rejects.toThrow(message)
  })
})

it('a system heap under another name is an error that says how to name it', async () => {
  const { error } = await runProgram(nothing, { systemHeap: uncachedHeap() })
  expect(error?.message).toContain('adds no /dev/dma_heap/system: pass the name of the heap')
})
