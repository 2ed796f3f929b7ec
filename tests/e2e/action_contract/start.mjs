// Starts on_github.py with the variables of this action: a step that is a script is given no token for artifacts.
import {spawnSync} from 'node:child_process'
import {join} from 'node:path'

const program = join(import.meta.dirname, 'on_github.py')
const folder = join(process.env.RUNNER_TEMP, 'action-contract')
const words = ['-I', program, folder, process.env.INPUT_ACTIONS, process.execPath]
process.exitCode = spawnSync(process.env.INPUT_PYTHON, words, {stdio: 'inherit'}).status ?? 1
