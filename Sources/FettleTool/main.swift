// SPDX-License-Identifier: Apache-2.0
import CompilerSupport
import Fettle

Platform.exit(Driver.main(Array(CommandLine.arguments.dropFirst())))
