/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SHELL_SPLIT_H
#define CLI_SHELL_SPLIT_H

#include "frame/split.h"

#endif
