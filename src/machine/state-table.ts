/**
 * Operations on sets of states, as table look-ups.
 *
 * A set is kept closed under the freedoms of the hardware: at any moment it may write back a dirty
 * line, drop a clean one, and fill an absent one that some cacheable mapping reaches.
 */
import { dropClean, fill, type LineOp, type Step, writeBack } from './line-op.ts'
import { SET_CODES, type StateSet, setOf, statesIn } from './line-state.ts'

/** The freedoms of the hardware. Machines under test leave one out on purpose. */
export interface Freedoms {
  readonly writeBack: boolean
  readonly drop: boolean
  readonly fill: boolean
}

export const ALL_FREEDOMS: Freedoms = { writeBack: true, drop: true, fill: true }

/** The image of a set under an operation, closed under the freedoms, for the bytes in and beside it. */
export interface OpTable {
  readonly inside: Uint16Array
  readonly beside: Uint16Array
}

function freeSteps(freedoms: Freedoms): Step[] {
  const steps: Step[] = []
  if (freedoms.writeBack) steps.push(writeBack)
  if (freedoms.drop) steps.push(dropClean)
  if (freedoms.fill) steps.push(fill)
  return steps
}

function imageOf(set: StateSet, step: Step): StateSet {
  return setOf(...statesIn(set).flatMap((state) => step(state)))
}

/** The smallest set that holds `set` and that no freedom leads out of. */
export function closeSet(set: StateSet, freedoms: Freedoms): StateSet {
  const steps = freeSteps(freedoms)
  let closed = set
  for (;;) {
    const wider = steps.reduce((so, step) => so | imageOf(so, step), closed)
    if (wider === closed) return closed
    closed = wider
  }
}

function tableOf(step: Step, freedoms: Freedoms): Uint16Array {
  const ofOne = new Uint16Array(SET_CODES)
  for (const state of statesIn(SET_CODES - 1)) {
    ofOne[1 << state] = closeSet(setOf(...step(state)), freedoms)
  }
  for (let set = 1; set < SET_CODES; set++) {
    const lowest = set & -set
    // Both steps and closure distribute over unions, so a set is the union over its members.
    ofOne[set] = (ofOne[lowest] as number) | (ofOne[set ^ lowest] as number)
  }
  return ofOne
}

const known = new Map<string, StateTables>()

/** The tables for a choice of freedoms, which all machines with it share: they depend on nothing else. */
export function stateTables(freedoms: Freedoms): StateTables {
  const key = `${freedoms.writeBack} ${freedoms.drop} ${freedoms.fill}`
  let tables = known.get(key)
  if (tables === undefined) {
    tables = new StateTables(freedoms)
    known.set(key, tables)
  }
  return tables
}

/** A cache of tables for one choice of freedoms. */
export class StateTables {
  readonly #freedoms: Freedoms
  readonly #tables = new Map<LineOp, OpTable>()

  constructor(freedoms: Freedoms) {
    this.#freedoms = freedoms
  }

  of(op: LineOp): OpTable {
    let table = this.#tables.get(op)
    if (table === undefined) {
      table = {
        inside: tableOf(op.inside, this.#freedoms),
        beside: tableOf(op.beside, this.#freedoms),
      }
      this.#tables.set(op, table)
    }
    return table
  }

  close(set: StateSet): StateSet {
    return closeSet(set, this.#freedoms)
  }
}
