/** A program with a mistake, and the same program with the fix of its finding applied. */
import type { RuleId } from 'dmabuf/check'
import type { Driver } from 'dmabuf/driver'
import {
  type Board,
  type FindingOfRuns,
  type Program,
  patternSource,
  type RunOptions,
  type SimKernel,
} from 'dmabuf/sim'
import { runAll } from 'dmabuf/test'
import { loadProgram } from '../bugs/programs.ts'

export interface FixCase {
  /** Words of the fix that the finding prints, and that no other fix has. */
  readonly fix: string
  readonly rule: RuleId
  /** The mistake of the program. */
  readonly what: string
  /** Those where the mistake is one; the usual ones unless given. */
  readonly boards?: readonly (Board | string)[] | undefined
  /** Other rules that the mistake breaks. */
  readonly also?: readonly RuleId[] | undefined
  /** May sleep. The two differ in the lines that the fix speaks of. */
  readonly make: (fixed: boolean) => Subject | Promise<Subject>
}

export interface Subject {
  readonly program: Program
  readonly drivers?: readonly Driver[] | undefined
  readonly prepare?: ((kernel: SimKernel) => void) | undefined
  /** Those where the mistake is one; the usual ones unless given. */
  readonly boards?: readonly (Board | string)[] | undefined
  /** The camera's pictures; small ones unless given. */
  readonly source?: RunOptions['source']
}

/** A remark of a run: a finding or a hint. */
export interface Remark {
  readonly rule: RuleId
  readonly fix: string
}

export interface Judged {
  readonly remarks: readonly Remark[]
  readonly error: string | undefined
}

const small = patternSource(64, 32)

/**
 * May sleep. The remarks of the runs on all boards with all policies, for the program or the fixed
 * one.
 */
export async function judge({ make, ...fix }: FixCase, fixed: boolean): Promise<Judged> {
  const { program, drivers = [], prepare, source = small, ...subject } = await make(fixed)
  const boards = fix.boards ?? subject.boards
  const options = { source, drivers: [...drivers], prepare, ...(boards ? { boards } : {}) }
  const { findings, lints, error } = await runAll(program, options)
  return { remarks: [...findings.map(remarkOf), ...lints.map(remarkOf)], error: error?.message }
}

function remarkOf({ rule, fix }: Pick<FindingOfRuns, 'rule' | 'fix'>): Remark {
  return { rule, fix }
}

/** The program of bugs/ with this name, and its fixed twin. */
export function ofBug(
  name: string,
  { rule, fix, what, also }: Omit<FixCase, 'make' | 'boards'>,
): FixCase {
  return {
    rule,
    fix,
    what,
    also,
    make: async (fixed) => await loadProgram(fixed ? `${name}.fixed` : name),
  }
}
