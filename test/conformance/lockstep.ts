import { errnoName } from '../../src/abi/errno.ts'
import { PAGE_SIZE } from '../../src/abi/fcntl.ts'
import { fdinfo } from './fdinfo.ts'
import type { Outcome, Sequence, Step } from './operation.ts'
import { operationOf } from './operations.ts'
import { contentsOf } from './ops/memory.ts'
import type { Side } from './side.ts'
import type { Tally } from './tally.ts'
import { World } from './world.ts'

/** The two kernels did not answer alike. */
export class Difference extends Error {
  override readonly name = 'Difference'
  /** Equal for differences that look alike: the operation and the results. */
  readonly kind: string

  constructor(step: Step, index: number, sides: readonly Side[], outcomes: readonly Outcome[]) {
    const answers = sides.map(({ name }, i) => `  ${name}: ${shown(outcomes[i] ?? [])}`)
    super([`step ${index}, ${JSON.stringify(step)}:`, ...answers].join('\n'))
    const [first = [], second = []] = outcomes
    const words = first.flatMap((word, i) =>
      word === second[i] ? [] : [i, sort(word), sort(second[i])],
    )
    this.kind = [step.op, ...words].join(' ')
  }
}

/** An error, or that it is none. */
function sort(word: number | string | undefined): string {
  return typeof word === 'number' && word < 0 ? String(word) : typeof word
}

/** An outcome in words: `-EINVAL`, not -22. */
function shown(outcome: Outcome): string {
  const words = outcome.map((word) =>
    typeof word === 'number' && word < 0 ? `-${errnoName(word) ?? -word}` : word,
  )
  return words.length === 0 ? 'nothing' : words.join(', ')
}

/**
 * Does `sequence` on all sides, step by step, and then looks at everything that is left: descriptors,
 * sizes, fdinfo, bytes, readiness. Throws a Difference where they do not answer alike; nothing stays
 * open or mapped.
 */
export async function lockstep(
  sides: readonly Side[],
  sequence: Sequence,
  tally?: Tally,
): Promise<void> {
  const world = new World()
  try {
    for (const [index, step] of sequence.entries()) {
      await doStep(sides, step, index, world, tally)
    }
    await compareRest(sides, world, sequence.length)
  } finally {
    for (const side of sides) giveBack(side, world)
  }
}

async function doStep(
  sides: readonly Side[],
  step: Step,
  index: number,
  world: World,
  tally: Tally | undefined,
): Promise<void> {
  const operation = operationOf(step)
  const { op, ...words } = step
  if (operation.isLeftOut?.(sides, words, world) === true) {
    tally?.leftOut(op)
    return
  }
  const outcomes: Outcome[] = []
  for (const side of sides) outcomes.push(await operation.run(side, words, world))
  compare(sides, step, index, outcomes)
  const [outcome = []] = outcomes
  tally?.done(op, outcome)
  operation.settle?.(words, outcome, world, sides)
}

function compare(
  sides: readonly Side[],
  step: Step,
  index: number,
  outcomes: readonly Outcome[],
): void {
  const [first, ...others] = outcomes.map((outcome) => JSON.stringify(outcome))
  if (others.some((other) => other !== first)) throw new Difference(step, index, sides, outcomes)
}

/** The state that a sequence leaves behind, slot by slot. */
async function compareRest(sides: readonly Side[], world: World, index: number): Promise<void> {
  for (const slot of [...world.slots(), 0, 1]) {
    const outcomes: Outcome[] = []
    for (const side of sides) outcomes.push(await state(side, slot, world))
    compare(sides, { op: '(what is left)', slot }, index, outcomes)
  }
}

async function state(side: Side, slot: number, world: World): Promise<Outcome> {
  const fd = side.fd(slot)
  const entry = { fd, events: 5, revents: 0 }
  await side.sys.poll([entry], 0)
  const flags = [side.sys.fcntl(fd, 1, 0), side.sys.fcntl(fd, 3, 0)]
  const kind = world.open.get(slot)?.kind
  const bytes = kind === 'dma-buf' || kind === 'memfd' ? contentsOf(side, slot) : []
  return [...flags, entry.revents, fdinfo(side, slot), ...bytes]
}

function giveBack(side: Side, world: World): void {
  const { sys, addresses } = side
  for (const { id, pages } of world.mappings) {
    const address = addresses.get(id) ?? 0
    pages.forEach((live, page) => {
      if (live) sys.munmap(address + page * PAGE_SIZE, PAGE_SIZE)
    })
  }
  for (const fd of side.filling.splice(0)) sys.close(fd)
  for (const slot of world.open.keys()) sys.close(side.fd(slot))
}
