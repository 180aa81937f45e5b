import { Bound } from './bound.ts'
import { isBuiltIn } from './built-in.ts'
import type { Driver } from './driver.ts'
import type { DriverHost } from './host.ts'
import { releaseMemory, releaseUses, unbindDevices } from './leaks.ts'
import { makeContext } from './make-context.ts'

/** A driver's probe failed: the kernel does not come up with it. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'

  constructor(driver: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super(`driver '${driver}' failed in probe: ${why}`, { cause })
  }
}

interface Loaded {
  readonly driver: Driver
  readonly bound: Bound
  /** Its probe has completed: otherwise `remove` is not called. */
  isProbed: boolean
}

/** The custom drivers in one kernel. */
export class Drivers {
  readonly #host: DriverHost
  readonly #loaded: Loaded[] = []

  constructor(host: DriverHost) {
    this.#host = host
  }

  /**
   * May sleep. Probes `drivers` one after the other. ProbeError for one that fails, TypeError for a
   * value that is not a driver.
   */
  async probe(drivers: readonly Driver[]): Promise<void> {
    drivers.forEach(requireDriver)
    for (const driver of drivers) {
      const bound = new Bound(this.#host, { name: driver.name, modelled: isBuiltIn(driver) })
      const loaded = { driver, bound, isProbed: false }
      this.#loaded.push(loaded)
      try {
        const probed = driver.probe(makeContext(bound))
        if (probed !== undefined) {
          await this.#host.machine.scheduler.waitFor(`probe of driver ${driver.name}`, probed)
        }
        loaded.isProbed = true
      } catch (error) {
        throw new ProbeError(driver.name, error)
      }
    }
  }

  /** The newest first: calls `remove`, then reports and releases forgotten resources. */
  remove(): void {
    const newestFirst = [...this.#loaded].reverse()
    for (const { driver, bound, isProbed } of newestFirst) {
      const operation = { name: 'remove', driver: bound.driver }
      if (isProbed) bound.operations.tell(operation, () => driver.remove?.())
      bound.leaving = true
      for (const undo of bound.undo.splice(0).reverse()) undo()
      releaseUses(bound)
    }
    for (const { bound } of newestFirst) unbindDevices(bound)
  }

  /** After the last buffer is gone: memory that was never freed. */
  releaseMemory(): void {
    for (const { bound } of this.#loaded.splice(0).reverse()) releaseMemory(bound)
  }
}

function requireDriver(driver: Driver, index: number): void {
  const named = typeof driver?.name === 'string' && driver.name !== ''
  if (named && typeof driver.probe === 'function') return
  throw new TypeError(`drivers[${index}] is not a driver: it must have a name and a probe function`)
}
