/**
 * The requirements of SARIF 2.1.0 for the objects that this package writes, with no room for
 * properties that the standard does not have. Sections of the standard:
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/
 */
const text = object({ text: { type: 'string', minLength: 1 } }, ['text'])
const multiformat = object(
  { text: { type: 'string', minLength: 1 }, markdown: { type: 'string', minLength: 1 } },
  ['text'],
)
const level = { enum: ['none', 'note', 'warning', 'error'] }
const bag = { type: 'object' }

const artifactLocation = object({
  uri: { type: 'string', pattern: "^(?:[A-Za-z0-9_.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+$" },
  uriBaseId: { type: 'string' },
})
const region = object({
  startLine: { type: 'integer', minimum: 1 },
  startColumn: { type: 'integer', minimum: 1 },
})
const location = object({
  id: { type: 'integer', minimum: 0 },
  message: text,
  physicalLocation: object({ artifactLocation, region }),
})

/** Section 3.49. */
const rule = object(
  {
    id: { type: 'string', minLength: 1 },
    shortDescription: multiformat,
    fullDescription: multiformat,
    help: multiformat,
    defaultConfiguration: object({ level }),
    properties: bag,
  },
  ['id'],
)
/** Section 3.27. */
const result = object(
  {
    ruleId: { type: 'string', minLength: 1 },
    ruleIndex: { type: 'integer', minimum: 0 },
    level,
    message: text,
    locations: { type: 'array', items: location, minItems: 1 },
    relatedLocations: { type: 'array', items: location, uniqueItems: true },
    properties: bag,
  },
  ['message'],
)
/** Section 3.20, with the notifications of section 3.58. */
const invocation = object(
  {
    executionSuccessful: { type: 'boolean' },
    toolExecutionNotifications: {
      type: 'array',
      items: object({ level, message: text, locations: { type: 'array', items: location } }, [
        'message',
      ]),
    },
  },
  ['executionSuccessful'],
)
const driver = object(
  {
    name: { type: 'string', minLength: 1 },
    version: { type: 'string' },
    rules: { type: 'array', items: rule, uniqueItems: true },
  },
  ['name'],
)
/** Section 3.14. */
const run = object(
  {
    tool: object({ driver }, ['driver']),
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    invocations: { type: 'array', items: invocation },
    results: { type: 'array', items: result },
  },
  ['tool'],
)

export const sarifSchema: object = object(
  {
    $schema: { type: 'string' },
    version: { const: '2.1.0' },
    runs: { type: 'array', items: run },
  },
  ['version', 'runs'],
)

function object(properties: object, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false }
}
