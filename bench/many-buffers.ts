/** The cost of an operation with ten thousand live buffers, over ten. */
import { armSoc } from '../src/boards/arm-soc.ts'
import { ratioOf, show } from './ratio.ts'
import { Rig } from './rig.ts'

const FEW = 10
const MANY = 10_000
const ROUNDS = 100

/** One buffer's life and use, beside `count` others that are mapped for the camera. */
async function beside(count: number): Promise<() => Promise<void>> {
  const rig = new Rig(armSoc, true, count + 64)
  for (let i = 0; i < count; i++) {
    const { kernel } = await rig.allocate(4096)
    await rig.map(kernel, 'camera', 'from-device')
  }
  const screen = new Uint8Array(64)
  return async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const { user, kernel } = await rig.allocate(4096)
      const attachment = await rig.core.attach(kernel, 'display')
      const mapping = await rig.core.mapAttachmentUnlocked(attachment, 'to-device')
      await user.withCpuAccess('write', (bytes) => bytes.fill(i & 255))
      rig.read(mapping, screen)
      await rig.core.unmapAttachmentUnlocked(attachment, mapping, 'to-device')
      await rig.core.detach(kernel, attachment)
      user[Symbol.dispose]()
    }
  }
}

export async function benchManyBuffers(): Promise<void> {
  const few = await beside(FEW)
  const many = await beside(MANY)
  show(`a buffer's life beside ${MANY} others, over ${FEW}`, await ratioOf(many, few, 15, 4), 1.5)
}
