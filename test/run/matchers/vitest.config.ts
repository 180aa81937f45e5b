import { mergeConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

const config = mergeConfig(base, {})
config.test = { include: ['test/run/matchers/*.case.ts'] }
export default config
