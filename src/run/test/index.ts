/**
 * dmabuf/test: one import for tests. It adds `toBeClean` and `toFind` to the `expect` of vitest and Jest,
 * and exports the functions that a test calls. For Bun, call `extendExpect(expect)`.
 *
 *     import { runAll } from 'dmabuf/test'
 *     expect(await runAll(pipeline)).toBeClean()
 *     expect(await runAll(broken)).toFind('write-outside-bracket', { line: 12 })
 */
import '../../base/host.ts'

import { extendExpect } from './extend.ts'

export { assertClean, NotCleanError } from '../../check/assert-clean.ts'
export { type FindingOfRuns, type RunAllOptions, type RunAllResult, runAll } from '../run-all.ts'
export { type RunOptions, type RunResult, runProgram } from '../run-program.ts'
export { type DmabufMatchers, type FindingPlace, matchers } from './matchers.ts'
export { extendExpect }

extendExpect()
