import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { EVENT_FIELDS } from '../../src/events/schema.ts'

const root = join(import.meta.dirname, '../..')

it('docs/events.md and src/events/schema.ts are those of src/events/event.ts', () => {
  const { stderr } = spawnSync(process.execPath, ['build/events.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
})

it('each kind of event has the fields of every event', () => {
  for (const fields of Object.values(EVENT_FIELDS)) {
    for (const name of ['id', 'time', 'agent', 'task', 'process']) {
      expect(fields[name]).toBeDefined()
      expect(fields[name]?.optional).toBeUndefined()
    }
  }
})
