// SPDX-License-Identifier: Apache-2.0
import ChannelShuffle
import Fettle

var toolkit = Driver.standardToolkit
toolkit.addChannelShuffle()
Platform.exit(Driver.main(Array(CommandLine.arguments.dropFirst()), toolkit: toolkit))
