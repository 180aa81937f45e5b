/** The simulated kernel and its boards. */

export { armSoc } from '../boards/arm-soc.ts'
export { armSocCma } from '../boards/arm-soc-cma.ts'
export { armSocIommu } from '../boards/arm-soc-iommu.ts'
export { boardNamed, boards, judgedFor, readyBoards } from '../boards/index.ts'
export { pc } from '../boards/pc.ts'
export { pcBounce } from '../boards/pc-bounce.ts'
export { rpi4 } from '../boards/rpi4.ts'
export type { Driver } from '../driver/driver.ts'
export { ProbeError } from '../driver/drivers.ts'
export type { ShownFrame } from '../drivers/display/shown-frame.ts'
export { type ImportMapping, importMappings } from '../kernel/dmabuf/import-mapping.ts'
export type { PlannedFailure } from '../kernel/process/failures.ts'
export { canFail, usualError } from '../kernel/process/usual-error.ts'
export {
  type Board,
  bouncesAlike,
  type CostTable,
  type DeviceTraits,
} from '../machine/board.ts'
export type { EqualBytes } from '../machine/changed-runs.ts'
export {
  type Candidate,
  type ChoicePoint,
  type Choices,
  DivergedError,
  firstChoices,
  type MadeChoice,
  RecordingChoices,
  ReplayedChoices,
  SeededChoices,
} from '../machine/choices.ts'
export type { Cost } from '../machine/cost.ts'
export { type CachePolicy, eagerPolicy, lazyPolicy, randomPolicy } from '../machine/policy.ts'
export { Random } from '../machine/random.ts'
export {
  choicesFor,
  parseSchedule,
  type Schedule,
  ScheduleError,
  scheduleText,
} from '../machine/schedule.ts'
export type { LiveTask, Wait } from '../machine/scheduler.ts'
export {
  type Mechanism,
  mechanisms,
  shootdownHeap,
  temporaryCopyHeap,
  uncachedHeap,
} from '../mechanisms/index.ts'
export { type FrameSource, patternSource, readFrame, y4mSource } from '../media/source.ts'
export { parseY4m, type Y4mClip } from '../media/y4m.ts'
export { Y4mError } from '../media/y4m-error.ts'
export { SimKernel, type SimOptions } from './kernel.ts'
export { toRgba } from './shown-picture.ts'
