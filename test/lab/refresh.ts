/** Makes a lab that is already up as good as new: no fault left, the images of the sources of now. */
import { labImages, projectImage } from './images.ts'
import type { Lab } from './lab.ts'
import { step } from './progress.ts'

/**
 * `known`: archives that the nodes have; returns those they have now. Pods of the project's image are
 * replaced if it is a new one.
 */
export async function refresh(lab: Lab, known: readonly string[]): Promise<string[]> {
  await repair(lab)
  const images = await labImages()
  const news = images.filter((tar) => !known.includes(tar))
  if (news.length > 0) {
    await step('loading new images', async () => {
      for (const tar of news) await lab.loadImage(tar)
      await replacePods(lab, projectImage())
    })
  }
  return images
}

/** Ends the faults of a test that did not come to its end. */
async function repair(lab: Lab): Promise<void> {
  for (const name of lab.processes()) lab.resume(name)
  await lab.loss(0)
  await Promise.all(lab.nodes.map((node) => lab.heal(node)))
  if (!lab.processes().includes('apiserver')) await lab.startApiServer()
}

/** Deletes the pods of an image and waits for their end; who made them makes them anew. */
async function replacePods(lab: Lab, image: string): Promise<void> {
  const ofImage = `?(@.spec.containers[0].image=="${image}")`
  const names = '{.metadata.namespace} {.metadata.name}{"\\n"}'
  const path = `jsonpath={range .items[${ofImage}]}${names}{end}`
  const lines = (await lab.kubectl('get', 'pods', '-A', '-o', path)).split('\n')
  const pods = lines.filter((line) => line !== '').map((line) => line.split(' '))
  for (const [namespace = '', list] of Map.groupBy(pods, ([namespace]) => namespace)) {
    await lab.kubectl('-n', namespace, 'delete', 'pod', ...list.map(([, name = '']) => name))
  }
}
