/** The release of Linux that the simulated kernel is: behaviour that stable releases changed depends on it. */

/** The series whose behaviour the simulation follows. */
const SERIES = '6.12'
const RELEASE = /^6\.12(?:\.(\d{1,3}))?$/

/** The release that the simulated kernel is unless a run says otherwise. */
export const DEFAULT_RELEASE = '6.12.107'

/** A release of the series, by the number of its stable update. */
export interface LinuxRelease {
  /** As uname -r begins: `6.12.107`. */
  readonly name: string
  /** 107 of 6.12.107, 0 of 6.12. */
  readonly update: number
  /** LINUX_VERSION_CODE: a byte for each part, the last no greater than 255. */
  readonly code: number
}

/** The release by its name. RangeError for a name of no release of the series. */
export function linuxRelease(name: string): LinuxRelease {
  const found = typeof name === 'string' ? RELEASE.exec(name) : null
  if (found === null) {
    throw new RangeError(
      `linux is '${String(name)}': the simulated kernel is a release of ${SERIES}, such as ${DEFAULT_RELEASE}`,
    )
  }
  const update = Number(found[1] ?? 0)
  return { name, update, code: 0x060c00 + Math.min(update, 0xff) }
}
