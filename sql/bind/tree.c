/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar's tree, whatever its nodes are: by protobuf's descriptions of its messages. */
#include "sql/bind/binder.h"

bool tree_finds(const ProtobufCMessage *message, TreeLook *look, const void *context)
{
    TreeAnswer answer = message == NULL ? TREE_PASS : look(message, context);
    if (answer != TREE_INTO)
        return answer == TREE_FOUND;
    const char *base = (const char *) message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
    {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const void *at = base + field->offset;
        bool chosen = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
                      *(const uint32_t *) (base + field->quantifier_offset) == field->id;
        size_t count = field->label != PROTOBUF_C_LABEL_REPEATED ? chosen
                                                                 : *(const size_t *) (base + field->quantifier_offset);
        const ProtobufCMessage *const *messages =
            field->label == PROTOBUF_C_LABEL_REPEATED ? *(const ProtobufCMessage *const *const *) at : at;
        for (size_t k = 0; k < count; k++)
            if (tree_finds(messages[k], look, context))
                return true;
    }
    return false;
}
