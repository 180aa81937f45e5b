/** The judge on boards that bounce or translate, on shared lines and aliases, and with wrong drivers. */
import { BOARD_KINDS } from './kinds.ts'
import { enumerate } from './suite.ts'

enumerate(BOARD_KINDS)
