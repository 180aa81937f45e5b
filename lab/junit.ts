/** One test, as `tests.xml` has it. */
export interface TestCase {
  readonly name: string
  readonly group: string
  readonly seconds: number
  /** Why it failed. */
  readonly error: string | undefined
  readonly isSkipped: boolean
}

export const testsHead =
  '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n<testsuite name="guest">\n'
export const testsEnd = '</testsuite>\n</testsuites>\n'

/** An element of the JUnit format. */
export function testCase({ name, group, seconds, error, isSkipped }: TestCase): string {
  const head = `<testcase name="${escaped(name)}" classname="${escaped(group)}" time="${seconds.toFixed(3)}"`
  if (error !== undefined) return `${head}><failure>${escaped(error)}</failure></testcase>\n`
  return isSkipped ? `${head}><skipped/></testcase>\n` : `${head}/>\n`
}

/** Characters that XML has no way to write become question marks. */
function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is left out.
      .replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '?')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  )
}
