/** `doctor`: what around Bellwether keeps addresses from being reached. */
import { doctorOf } from '../../core/report/doctor.ts'
import { doctorText } from '../../core/report/doctor-text.ts'
import type { Surroundings } from '../../core/report/surroundings.ts'
import type { Command } from '../command.ts'

export const DOCTOR: Command<Surroundings> = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'what around Bellwether keeps addresses from being reached',
  views: true,
  run(snapshot, around) {
    const checks = doctorOf(snapshot, around)
    const exit = checks.some(({ verdict }) => verdict === 'broken') ? 1 : 0
    return { data: { checks }, text: doctorText(checks), exit }
  },
}
