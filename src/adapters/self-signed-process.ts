/**
 * Entry point of a process that prints a self-signed certificate for the name it is given, as JSON. Of its
 * own since the library takes 20 MiB, for one certificate, and a thread would not give them back.
 */
import { selfSigned } from './x509.ts'

/** It goes with the process: nobody is to meet its end. */
const DAYS = 3650
const [name = 'localhost'] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await selfSigned(name, new Date(), DAYS)))
