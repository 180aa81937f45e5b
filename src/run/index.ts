/** dmabuf/sim: the simulated kernel, its boards, and running a program on them under the checker. */
import '../base/host.ts'

export type { ComparisonRow } from '../check/report/comparison.ts'
export type { DmabufEvent } from '../events/event.ts'
export * from '../sim/index.ts'
export { type CompareOptions, compareMechanisms } from './compare/compare-mechanisms.ts'
export {
  type Exploration,
  type Explored,
  type ExploreOptions,
  exploreProgram,
} from './explore/explore-program.ts'
export {
  type EveryFailureOptions,
  type EveryFailureResult,
  type FailureOutcome,
  type FailurePoint,
  runEveryFailure,
} from './failures/every-failure.ts'
export type { Held } from './failures/held.ts'
export type { PolicyName, RunName } from './plan.ts'
export type { Prepare, Program, ProgramError } from './program.ts'
export {
  type FindingOfRuns,
  type RunAllOptions,
  type RunAllResult,
  runAll,
} from './run-all.ts'
export type { TellingKernel } from './run-on-kernel.ts'
export { type RunOptions, type RunResult, runProgram } from './run-program.ts'
