/**
 * Keeps `tests.xml` current during a boot, with every test that has ended. The lab
 * closes the file, also where the machine did not get that far.
 */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import { testCase, testsHead } from '../junit.ts'

const out = process.env.LAB_OUT ?? '.'
const results = join(out, 'tests.xml')

export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** The groups around the test that runs, outermost first. */
  const names: string[] = []
  writeFileSync(results, testsHead)
  for await (const event of events) {
    if (event.type === 'test:dequeue') {
      names.splice(event.data.nesting, names.length, event.data.name)
    } else if (event.type === 'test:pass' || event.type === 'test:fail') {
      const { name, nesting, details, skip, todo } = event.data
      if (details.type === 'suite') continue
      const error = 'error' in details ? String(details.error) : undefined
      const seconds = details.duration_ms / 1000
      const group = names.slice(0, nesting).join(' > ')
      const isSkipped = skip !== undefined || todo !== undefined
      appendFileSync(results, testCase({ name, group, seconds, error, isSkipped }))
    }
  }
  yield ''
}
