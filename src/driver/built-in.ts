import type { Driver } from './driver.ts'

const drivers = new WeakSet<Driver>()

/** Marks a driver of this package: it mirrors a mechanism, so a contract that it breaks is a note. */
export function builtIn(driver: Driver): Driver {
  drivers.add(driver)
  return driver
}

export function isBuiltIn(driver: Driver): boolean {
  return drivers.has(driver)
}
