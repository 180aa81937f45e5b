/** A worker: one program, one run after the other, in a thread that can be ended from outside. */
import { parentPort } from 'node:worker_threads'
import type { LinuxKernel } from '../../linux/kernel.ts'
import { ProgressCounters, type WorkerOrder } from '../runs/messages.ts'
import { Accidents } from './accidents.ts'
import { CallWatch } from './call-watch.ts'
import { Footprint } from './footprint.ts'
import { openKernel } from './linux-run.ts'
import { type Loaded, ProgramLoader } from './load-program.ts'
import { flushOutput } from './output.ts'
import { named } from './own-boards.ts'
import { reportExits } from './report-exits.ts'
import { type OneRun, runOnce } from './run-once.ts'
import { takeSetup } from './setup.ts'

const { setup, send } = takeSetup()
const progress = new ProgressCounters(setup.progress)
const loader = new ProgramLoader()
const orders = parentPort
let running: OneRun | undefined
if (orders === null) throw new Error('this module runs in a worker')

await loader.install()
reportExits(send)
send({ kind: 'ready' })
// Between orders the command's port keeps this thread alive. While the program loads, only the
// program's own waits do, so that one which waits for nothing ends. Streams and listeners are made
// when they are first used: the first run finds the same as the later ones.
await flushOutput()
new Accidents().stop()
const footprint = new Footprint()
let next: Begun | undefined = await begin()
sendFiles()
if ('failure' in next.loaded) await flushOutput()
if ('failure' in next.loaded) send({ kind: 'not-loaded', failure: next.loaded.failure })
else send({ kind: 'loaded', boards: next.loaded.boards.map(named) })
orders.on('message', (order: WorkerOrder) => {
  if (order.kind === 'run') void obey(order)
  else if (order.kind === 'leave') process.exit()
  else if (running !== undefined) {
    running.accidents.interrupt(running.calls.located(order.failure))
  }
})

/** A run whose program has loaded. */
interface Begun {
  readonly accidents: Accidents
  readonly loaded: Loaded
  readonly kernel: LinuxKernel | undefined
}

async function begin(): Promise<Begun> {
  const accidents = new Accidents()
  const opened = setup.linux === undefined ? { kernel: undefined } : await openKernel(setup.linux)
  if ('failure' in opened) return { accidents, loaded: opened, kernel: undefined }
  return { accidents, loaded: await loader.load(setup.file), kernel: opened.kernel }
}

async function obey({
  plan,
  trace,
  order,
  compared,
}: WorkerOrder & { kind: 'run' }): Promise<void> {
  progress.begin()
  const { accidents, loaded, kernel } = next ?? (await begin())
  next = undefined
  const calls = new CallWatch(progress)
  const wishes = { plan, trace, order, compared }
  const run: OneRun = { setup, ...wishes, calls, progress, send, accidents, kernel }
  running = run
  const ended = 'failure' in loaded ? undefined : await runOnce(loaded, run)
  if ('failure' in loaded) send({ kind: 'not-loaded', failure: loaded.failure })
  running = undefined
  await flushOutput()
  accidents.stop()
  sendFiles()
  const isAsNew = ended?.isOver === true && !footprint.isChanged()
  // A port that the program has closed brings no more orders.
  const isReusable = isAsNew && setup.linux === undefined && isOpen(orders)
  send({ kind: 'done', isReusable })
}

function sendFiles(): void {
  send({ kind: 'files', files: loader.takeFiles() })
}

/** Node has this for longer than its types. Deno has not: each run there gets a new thread. */
function isOpen(port: unknown): boolean {
  return (port as { hasRef?(): boolean }).hasRef?.() === true
}
