/**
 * One scheduler for everything that takes time: tasks of the program, and jobs of devices.
 *
 * One task runs per turn of the host's event loop: it is resumed, all its microtasks drain, and only
 * then the next is chosen, so that a call is always made by the task that was resumed last. Virtual
 * time moves only when every waiting task is parked here; code between two awaits is one instant.
 */
import type { EventOrigin } from '../events/event.ts'
import { onceAborted } from '../events/once-aborted.ts'
import type { Choices } from './choices.ts'
import { Task } from './task.ts'
import { Timers } from './timers.ts'
import { nextTurn } from './turn.ts'

/** How a wait ended. */
export type Wake = 'woken' | 'interrupted'

/** A task's wait, and its place in the program. */
export interface Wait {
  readonly task: string
  /** The objects that will end it; none: a time. */
  readonly touches: readonly string[]
  readonly origin: EventOrigin | undefined
}

/** A task that was spawned, and has not ended. */
export interface LiveTask {
  readonly task: string
  /** Whether it waits for something that the scheduler knows nothing of. */
  readonly waitsElsewhere: boolean
}

interface Waiter {
  readonly task: Task
  /** The call that waits. */
  readonly origin: EventOrigin | undefined
  readonly resolve: (wake: Wake) => void
  /** The objects that the waiting operation touches: they make two orders differ. */
  readonly touches: readonly string[]
  readonly abortable: boolean
  state: 'parked' | 'ready' | 'resumed'
  outcome: Wake
}

/**
 * The last virtual time of any event, 52 days: every sum of it with a device's delay is a safe
 * integer.
 */
export const CLOCK_END: number = 2 ** 52

/** Timers that may run in one turn of the host's loop, so that its own events are heard in between. */
const TIMERS_A_TURN = 64

/** No waiter resumed in this much virtual time: devices at work will not wake any task. */
const STUCK_AFTER = 10_000_000_000

export interface SchedulerOptions {
  /** Chooses between tasks that are ready and between timers that are due. Default: first come, first served. */
  readonly choices?: Choices | undefined
  /** All waiters wait for something that no device will deliver. */
  readonly onStuck?: ((waiting: readonly string[], waits: readonly Wait[]) => void) | undefined
}

export class Scheduler {
  readonly main: Task = new Task({ id: 1, name: 'main' })
  /** Timers run on it: no task's turn. */
  readonly #idle = new Task({ id: 0, name: 'kernel' })
  #tasks = 1
  #now = 0
  #current: Task = this.main
  #epoch = 0
  readonly #timers: Timers
  #parked = new Set<Waiter>()
  #ready: Waiter[] = []
  readonly #live = new Set<Task>()
  /** Waiters of the program, parked or ready. */
  #foreground = 0
  #pumping = false
  #stopped = false
  #isStuck = false
  #onlySignals = false
  #lastResume = 0
  readonly #options: SchedulerOptions

  constructor(options: SchedulerOptions = {}) {
    this.#options = options
    this.#timers = new Timers(options.choices)
  }

  /** Virtual nanoseconds since the board was switched on. */
  get now(): number {
    return this.#now
  }

  /** The task whose turn it is. */
  get current(): Task {
    return this.#current
  }

  /** The code of this turn runs as `task`: a call of a task, or the task itself after it. */
  switchTo(task: Task): void {
    this.#current = task
  }

  /**
   * Grows whenever code of the program may have run: a search for all stores then has to be
   * repeated.
   */
  get epoch(): number {
    return this.#epoch
  }

  /** The program makes a call, so its code has run since the last one. */
  programRan(): void {
    this.#epoch++
  }

  /** Whether any task of the program waits for the kernel: only then does time pass. */
  get hasWaiters(): boolean {
    return this.#foreground > 0
  }

  /** Whether nothing on the board will end any wait: only a signal can, from outside of it. */
  get waitsForSignals(): boolean {
    return this.#onlySignals
  }

  /** Whether the run ended because nothing could wake a task any more. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** The waits of the waiting tasks, in words. */
  get waiting(): string[] {
    return [...this.#parked, ...this.#ready]
      .filter(({ task }) => !task.background)
      .map(({ task, touches }) => `${task.name} (${touches.join(', ') || 'sleep'})`)
  }

  /** The same, with the lines that wait. */
  get waits(): Wait[] {
    return [...this.#parked, ...this.#ready]
      .filter(({ task }) => !task.background)
      .map(({ task, touches, origin }) => ({ task: task.name, touches, origin }))
  }

  /** The spawned tasks that have not ended, and whether each waits in the kernel or elsewhere. */
  get liveTasks(): LiveTask[] {
    const waiting = new Set([...this.#parked, ...this.#ready].map(({ task }) => task))
    return [...this.#live].map((task) => ({
      task: task.name,
      waitsElsewhere: !waiting.has(task),
    }))
  }

  /**
   * Runs `run` at the virtual `time`, outside of any task; `wakes` says that it will end a wait.
   * Returns a function that takes it back.
   */
  at(time: number, run: () => void, wakes = false): () => void {
    const timer = { time: Math.max(time, this.#now), run, wakes, task: this.#current.id }
    const cancel = this.#timers.add(timer)
    this.#pump()
    return cancel
  }

  /**
   * May sleep. Parks the current task until `arm`'s callback is called, or `signal` aborts. `arm`
   * returns how to take the arming back; it runs at once.
   */
  park(
    touches: readonly string[],
    arm: (wake: () => void) => (() => void) | undefined,
    signal?: AbortSignal,
  ): Promise<Wake> {
    if (this.#stopped) return new Promise(() => {})
    if (signal?.aborted === true) return this.#interrupted(touches)
    return new Promise((resolve) => {
      const waiter: Waiter = {
        task: this.#current,
        origin: this.#current.origin,
        resolve,
        touches,
        abortable: signal !== undefined,
        state: 'parked',
        outcome: 'woken',
      }
      const stopListening = onceAborted(signal, () => {
        disarm?.()
        this.#wake(waiter, 'interrupted')
      })
      this.#add(waiter)
      const disarm = arm(() => {
        stopListening()
        this.#wake(waiter, 'woken')
      })
      this.#pump()
    })
  }

  /** May sleep: a point at which another task may run. Every call that may sleep passes one. */
  async point(touches: readonly string[]): Promise<void> {
    await this.park(touches, (wake) => {
      wake()
      return undefined
    })
  }

  /** May sleep, for `nanoseconds` of virtual time. */
  sleep(nanoseconds: number, signal?: AbortSignal): Promise<Wake> {
    const wakes = !this.#current.background
    return this.park([], (wake) => this.at(this.#now + nanoseconds, wake, wakes), signal)
  }

  /**
   * May sleep, until `ready` holds; asked now and whenever `queue` wakes. Returns whether it holds;
   * false: the wait was interrupted.
   */
  async until(
    queue: { listen(listener: () => void): () => void },
    ready: () => boolean,
    touches: readonly string[],
    signal?: AbortSignal,
  ): Promise<boolean> {
    while (!ready()) {
      const wake = await this.park(
        touches,
        (woken) => {
          const stop = queue.listen(() => {
            stop()
            woken()
          })
          return stop
        },
        signal,
      )
      if (wake === 'interrupted') return false
    }
    return true
  }

  /** Runs `body` as a new task; the result comes back to the caller's task in its own turn. */
  async spawn<T>(name: string, body: () => Promise<T>): Promise<T> {
    const task = new Task({ id: ++this.#tasks, name })
    let settled: { value: T } | { error: unknown } | undefined
    this.#live.add(task)
    await this.park([`task '${name}'`], (wake) => {
      this.#start(task, async () => {
        try {
          settled = { value: await body() }
        } catch (error) {
          settled = { error }
        }
        this.#live.delete(task)
        wake()
      })
      return undefined
    })
    if (settled !== undefined && 'value' in settled) return settled.value
    throw (settled as { error: unknown }).error
  }

  /**
   * May sleep. Waits for `promise` as `what`, so that one that never settles can be named when the run
   * is stuck. The body behind it goes on in the task that waits.
   */
  async waitFor<T>(what: string, promise: PromiseLike<T>): Promise<T> {
    let settled: { value: T } | { error: unknown } | undefined
    await this.park([what], (wake) => {
      promise.then(
        (value) => {
          settled = { value }
          wake()
        },
        (error: unknown) => {
          settled = { error }
          wake()
        },
      )
      return undefined
    })
    if (settled !== undefined && 'value' in settled) return settled.value
    throw (settled as { error: unknown }).error
  }

  /** Starts `body`, which may not reject, as a thread of a driver. Does not sleep. */
  background(name: string, body: () => Promise<void>): void {
    if (!this.#stopped) this.#start(new Task({ id: ++this.#tasks, name, background: true }), body)
  }

  /** Nothing parked is resumed any more: the run is over. */
  stop(): void {
    this.#stopped = true
    this.#timers.clear()
    this.#parked.clear()
    this.#ready = []
    this.#foreground = 0
    this.#current = this.main
  }

  async #interrupted(touches: readonly string[]): Promise<Wake> {
    await this.point(touches)
    return 'interrupted'
  }

  #start(task: Task, body: () => Promise<void>): void {
    const waiter: Waiter = {
      task,
      origin: undefined,
      resolve: () => void body(),
      touches: [task.name],
      abortable: false,
      state: 'parked',
      outcome: 'woken',
    }
    this.#add(waiter)
    this.#wake(waiter, 'woken')
  }

  #add(waiter: Waiter): void {
    this.#parked.add(waiter)
    if (!waiter.task.background) this.#foreground++
  }

  #wake(waiter: Waiter, outcome: Wake): void {
    if (waiter.state !== 'parked' || this.#stopped) return
    this.#onlySignals = false
    waiter.state = 'ready'
    waiter.outcome = outcome
    this.#parked.delete(waiter)
    this.#ready.push(waiter)
    this.#pump()
  }

  #pump(): void {
    if (this.#pumping || this.#stopped || !this.hasWaiters) return
    this.#pumping = true
    nextTurn(() => this.#turn())
  }

  #turn(): void {
    this.#pumping = false
    if (this.#stopped || !this.hasWaiters) return
    // Code of the program may have run since the last turn, without a call.
    this.#epoch++
    if (this.#ready.length === 0 && !this.#passTime()) return
    const next = this.#takeReady()
    if (next !== undefined) this.#resume(next)
    this.#pump()
  }

  #takeReady(): Waiter | undefined {
    const { length } = this.#ready
    return length < 2 ? this.#ready.pop() : this.#ready.splice(this.#chosenReady(), 1)[0]
  }

  #chosenReady(): number {
    const { choices } = this.#options
    if (choices === undefined) return 0
    const candidates = this.#ready.map(({ task: { id, name }, touches }) => ({
      task: id,
      name,
      touches,
    }))
    return choices.choose({ kind: 'task', options: candidates.length, candidates })
  }

  #resume(waiter: Waiter): void {
    waiter.state = 'resumed'
    this.#current = waiter.task
    this.#epoch++
    if (!waiter.task.background) {
      this.#foreground--
      this.#lastResume = this.#now
    }
    waiter.resolve(waiter.outcome)
  }

  /** All tasks wait: devices work until a task is woken, or for a turn. False: none will be. */
  #passTime(): boolean {
    for (let run = 0; this.#ready.length === 0 && run < TIMERS_A_TURN; run++) {
      const wakes = this.#timers.haveWake
      const timer = this.#timers.take()
      const late = (timer?.time ?? 0) - this.#lastResume > STUCK_AFTER
      if (timer === undefined || timer.time > CLOCK_END || (late && !wakes)) {
        if (timer !== undefined) this.#timers.putBack(timer)
        this.#stuck()
        return false
      }
      this.#now = timer.time
      this.#current = this.#idle
      timer.run()
      if (this.#stopped) return false
    }
    return true
  }

  #stuck(): void {
    // Code outside of the board may still abort a wait, and wake its task then.
    this.#onlySignals = [...this.#parked].some((waiter) => waiter.abortable)
    if (this.#onlySignals) return
    const { waiting, waits } = this
    this.#isStuck = true
    this.stop()
    this.#options.onStuck?.(waiting, waits)
  }
}
