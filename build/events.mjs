/**
 * Derives docs/events.md and src/events/schema.ts from src/events/event.ts, the one table of event kinds,
 * fields, units and meanings. With `--check` it writes nothing and fails if either is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const source = read('src/events/event.ts')

/** The text of a documentation comment in one line. */
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

/** Unions of text that have a file of their own. */
const codes = new Map([['MisuseCode', unionIn('src/events/misuse-code.ts')]])

function unionIn(path) {
  const [, body] = /export type \w+ =([\s\S]*)/.exec(read(path))
  return [...body.matchAll(/^\s*\| ('[^']+')/gm)].map(([, member]) => member).join(' | ')
}

const kindsOf = ({ fields }) => {
  const { type } = fields.find(({ name }) => name === 'kind')
  return [...type.matchAll(/'([^']+)'/g)].map(([, kind]) => kind)
}

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const cells = ({ name, isOptional, type, doc }) => [
  `\`${name}\`${isOptional ? ' (optional)' : ''}`,
  `\`${cell(type)}\``,
  cell(doc),
]

function table(fields) {
  const rows = [['field', 'type', 'meaning'], ...fields.map(cells)]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  const [head, ...body] = rows.map(line)
  return [head, rule, ...body].join('\n')
}

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

/** The members of a union, at its top level: no type in the table nests one. */
const membersOf = (type) =>
  type
    .split('|')
    .map((member) => member.trim())
    .filter((member) => member !== '' && member !== 'undefined')

const BASIC = { number: "'number'", string: "'text'", boolean: "'flag'", EventOrigin: "'origin'" }
const constantOf = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

/** A type as an expression of the schema. */
function typeOf(type) {
  const members = membersOf(type)
  if (members.every((member) => member.startsWith("'"))) {
    return `{ oneOf: [${members.join(', ')}] }`
  }
  if (members.length > 1) return typeOf(aliasesExpanded(members))
  const [member] = members
  const element = /^readonly (\w+)\[\]$/.exec(member)?.[1]
  if (element !== undefined) return `{ list: ${typeOf(element)} }`
  if (member in BASIC) return BASIC[member]
  const alias = codes.get(member) ?? aliases.find(({ name }) => name === member)?.type
  if (alias !== undefined) return typeOf(alias)
  return `{ fields: ${constantOf(shapes.find(({ name }) => name === member).name)} }`
}

const aliasesExpanded = (members) =>
  members.map((member) => aliases.find(({ name }) => name === member)?.type ?? member).join(' | ')

const fieldsText = (fields) =>
  fields
    .map(({ name, type, isOptional }) => {
      const schemaType = typeOf(type)
      return `  ${name}: { type: ${schemaType}${isOptional ? ', optional: true' : ''} },`
    })
    .join('\n')

/** Shapes in the order of use: a constant has to exist before another names it. */
const ordered = shapes
  .filter(({ name }) => name !== 'EventOrigin')
  .sort((a, b) => depthOf(a) - depthOf(b))
function depthOf({ fields }) {
  const inner = fields.flatMap(({ type }) =>
    shapes.filter(({ name }) => name !== 'EventOrigin' && new RegExp(`\\b${name}\\b`).test(type)),
  )
  return inner.length === 0 ? 0 : 1 + Math.max(...inner.map(depthOf))
}

const schema = `/** Generated from event.ts by build/events.mjs: the fields of each kind of event, with their types. */
import type { DmabufEvent } from './event.ts'
import type { Fields } from './field.ts'

${ordered.map(({ name, fields }) => `${name === 'Range' ? 'export ' : ''}const ${constantOf(name)}: Fields = {\n${fieldsText(fields)}\n}`).join('\n\n')}

const COMMON: Fields = {
${fieldsText(common.fields)}
}

${events.map(({ name, fields }) => `const ${constantOf(name)}: Fields = {\n  ...COMMON,\n${fieldsText(fields.filter((field) => field.name !== 'kind'))}\n}`).join('\n\n')}

export const EVENT_FIELDS: Readonly<Record<DmabufEvent['kind'], Fields>> = {
${events
  .flatMap((event) =>
    kindsOf(event).map((kind) => {
      const name = /^\w+$/.test(kind) ? kind : `'${kind}'`
      return `  ${name}: ${constantOf(event.name)},`
    }),
  )
  .join('\n')}
}
`

const undocumented = [common, ...events, ...shapes].flatMap(({ name, fields }) =>
  fields
    .filter(
      (field) =>
        field.doc === '' && !(field.name === 'kind' && name !== 'Agent' && name !== 'Hazard'),
    )
    .map((field) => `${name}.${field.name}`),
)
if (undocumented.length > 0) {
  console.error(`src/events/event.ts: no text for ${undocumented.join(', ')}`)
  process.exitCode = 1
}

const written = { 'docs/events.md': document, 'src/events/schema.ts': schema }
const stale = Object.entries(written).filter(
  ([path, text]) => normal(safely(path)) !== normal(text),
)
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is out of date: run node build/events.mjs`)
  if (stale.length > 0) process.exitCode = 1
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

/** The schema's formatting is the formatter's. */
function normal(text) {
  return text.replace(/\s+/g, '').replaceAll(',]', ']').replaceAll(',}', '}').replaceAll("'", '')
}
