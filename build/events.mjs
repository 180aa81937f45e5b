/**
 * Derives docs/events.md and src/events/schema.ts from src/events/event.ts, the one table of event kinds,
 * fields, units and meanings. With `--check` it writes nothing and fails if either is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const source = read('src/events/event.ts')

/** The text of a `/** ... *​/` comment in one line. */
const prose = (comment = '') =>
  comment
    .replace(/^\s*\/\*\*|\*\/\s*$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim()

const DOC = String.raw`(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*)?`

function interfacesIn(text) {
  const form = new RegExp(
    `${DOC}(?:export )?interface (\\w+)(?: extends (\\w+))? \\{\\n([\\s\\S]*?)\\n\\}`,
    'g',
  )
  return [...text.matchAll(form)].map(([, doc, name, parent, body]) => ({
    ...{ name, parent, doc: prose(doc) },
    fields: fieldsIn(body),
  }))
}

function fieldsIn(body) {
  const form = new RegExp(`${DOC}readonly (\\w+)(\\?)?: ([^\\n]+)`, 'g')
  return [...body.matchAll(form)].map(([, doc, name, optional, type]) => ({
    ...{ name, doc: prose(doc), type: type.replace(/ \| undefined$/, '') },
    isOptional: optional !== undefined || type.endsWith('| undefined'),
  }))
}

const interfaces = interfacesIn(source)
const common = interfaces.find(({ name }) => name === 'Common')
const events = interfaces.filter(({ parent }) => parent === 'Common')
const aliases = [...source.matchAll(new RegExp(`${DOC}export type (\\w+) =([^\\n]+)`, 'g'))]
  .map(([, doc, name, type]) => ({ name, type: type.trim(), doc: prose(doc) }))
  .filter(({ type }) => type !== '' && !type.startsWith('Distributive'))
const shapes = interfaces.filter(({ name, parent }) => parent === undefined && name !== 'Common')

const kindsOf = ({ fields }) => {
  const { type } = fields.find(({ name }) => name === 'kind')
  return [...type.matchAll(/'([^']+)'/g)].map(([, kind]) => kind)
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = ({ name, isOptional, type, doc }) =>
  `| \`${name}\`${isOptional ? ' (optional)' : ''} | \`${cell(type)}\` | ${cell(doc)} |`
const table = (fields) =>
  ['| field | type | meaning |', '| --- | --- | --- |', ...fields.map(row)].join('\n')

const document = `# Events

Every source (the simulated kernel, a real kernel's calls, a recorded trace) emits these events, and the checker knows
nothing else. Ranges are in bytes, half open and relative to the buffer's start. Times are in nanoseconds of the kernel's
clock. This page is generated from [\`src/events/event.ts\`](../src/events/event.ts) by \`node build/events.mjs\`.

\`dmabuf run FILE --trace OUT.ndjson\` records them, and \`dmabuf check OUT.ndjson\` judges a record; see
[the trace format](traces.md).

## Fields of every event

${table(common.fields)}

${events
  .map((event) => {
    const kinds = kindsOf(event).map((kind) => `\`${kind}\``)
    const fields = event.fields.filter(({ name }) => name !== 'kind')
    return `## ${kinds.join(', ')}\n\n${event.doc === '' ? '' : `${event.doc}\n\n`}${table(fields)}`
  })
  .join('\n\n')}

## Types

${table(aliases.map(({ name, type, doc }) => ({ name, type, doc })))}

${shapes.map(({ name, doc, fields }) => `### ${name}\n\n${doc === '' ? '' : `${doc}\n\n`}${table(fields)}`).join('\n\n')}
`

const kinds = events.flatMap((event) => {
  const fields = [...common.fields, ...event.fields].filter(({ name }) => name !== 'kind')
  const of = (isOptional) => fields.filter((field) => field.isOptional === isOptional)
  return kindsOf(event).map((kind) => ({
    kind,
    required: of(false).map(({ name }) => name),
    optional: of(true).map(({ name }) => name),
  }))
})
const list = (names) => `[${names.map((name) => `'${name}'`).join(', ')}]`
const schema = `/** Generated from event.ts by build/events.mjs: the fields of each kind of event. */
import type { DmabufEvent } from './event.ts'

export interface EventFields {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

export const EVENT_FIELDS: Readonly<Record<DmabufEvent['kind'], EventFields>> = {
${kinds
  .map(({ kind, required, optional }) => {
    const name = /^\w+$/.test(kind) ? kind : `'${kind}'`
    return `  ${name}: {\n    required: ${list(required)},\n    optional: ${list(optional)},\n  },`
  })
  .join('\n')}
}
`

const written = { 'docs/events.md': document, 'src/events/schema.ts': schema }
const stale = Object.entries(written).filter(
  ([path, text]) => normal(safely(path)) !== normal(text),
)
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is out of date: run node build/events.mjs`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [path, text] of Object.entries(written)) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text)
  }
}

function safely(path) {
  try {
    return read(path)
  } catch {
    return ''
  }
}

/** Formatting is the formatter's. */
function normal(text) {
  return text.replace(/\s+/g, '').replace(/-{3,}/g, '---').replaceAll(',]', ']').replaceAll("'", '')
}
