/** A loop over the bytes of a CPU access runs at the speed of a plain array's. */
import { armSoc } from '../src/boards/arm-soc.ts'
import { ratioOf, show } from './ratio.ts'
import { Rig } from './rig.ts'

const SIZE = 8 * 1024 * 1024

function brighten(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i++) {
    const value = ((bytes[i] as number) + 3) & 255
    bytes[i] = value
    sum += value
  }
  return sum
}

export async function benchUserLoop(): Promise<void> {
  const rig = new Rig(armSoc)
  const { user } = await rig.allocate(SIZE)
  const plain = new Uint8Array(SIZE)
  await user.withCpuAccess('read-write', async (bytes) => {
    const ratio = await ratioOf(
      () => void brighten(bytes),
      () => void brighten(plain),
      21,
    )
    show("a user's loop over a bracket's bytes, over a plain array", ratio, 1.05)
  })
}
