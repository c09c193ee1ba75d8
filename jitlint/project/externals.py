"""What is known of names without source. The project asks; whoever has data (torch's API) answers in a subclass.

This base class knows what needs no data: Python's own names, from the running interpreter where it has the module
loaded anyway, and the plain facts about ``torch.nn.Module``.
"""

from __future__ import annotations

import sys

from jitlint.project.files import is_standard_library

# torch names that are classes but never nn.Modules, by prefix.
_NO_MODULES = (
    "torch.autograd.", "torch.optim.", "torch.utils.data.", "torch.distributions.", "torch.distributed.", "torch._C.",
    "torch.nn.parameter.", "torch.utils._python_dispatch.",
)  # fmt: skip
_NO_MODULE_NAMES = frozenset({"Parameter", "UninitializedParameter", "Buffer", "UninitializedBuffer", "Tensor"})

_MODULE_MEMBERS = frozenset(
    """T_destination _apply _buffers _call_impl _compiled_call_impl _get_backward_hooks _get_name _load_from_state_dict
    _modules _named_members _parameters _register_load_state_dict_pre_hook _register_state_dict_hook
    _replicate_for_data_parallel _save_to_state_dict _slow_forward _version _wrapped_call_impl add_module apply bfloat16
    buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr float forward get_buffer
    get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia named_buffers named_children
    named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook
    register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad __call__ __delattr__ __dir__ __getattr__ __getstate__
    __init__ __repr__ __setattr__ __setstate__ __dict__ __doc__ __module__ __class__""".split()
)
_MODULE_NAMES = frozenset({"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module"})


class Externals:
    """Each answer is None where nothing is known."""

    def is_class(self, name: str) -> bool | None:
        """Whether a dotted name is a class whose ancestry `is_module_class` and `has_member` know."""
        top = name.partition(".")[0]
        return True if top in ("torch", "builtins") or is_standard_library(top) else None

    def is_module_class(self, name: str) -> bool | None:
        """Whether instances of a class of torch's are nn.Modules."""
        last = name.rpartition(".")[2]
        if name in _MODULE_NAMES:
            return True
        if name.startswith(_NO_MODULES) or last in _NO_MODULE_NAMES:
            return False
        if name.startswith(("torch.nn.", "torch.ao.nn.")) and last[:1].isupper():
            return True
        return None if name.count(".") > 1 else False

    def derives(self, name: str, other: str) -> bool:
        """Whether a class surely has another among its bases, or theirs; not itself."""
        return False

    def has_member(self, cls: str, name: str) -> bool | None:
        """Whether a class, its ancestry included, has an attribute."""
        if cls in _MODULE_NAMES:
            return name in _MODULE_MEMBERS
        if self.is_module_class(cls):
            return True if name in _MODULE_MEMBERS else None
        live = _live(cls)
        return hasattr(live, name) if isinstance(live, type) else None

    def public_names(self, module: str) -> frozenset[str] | None:
        """What ``from module import *`` binds."""
        live = sys.modules.get(module) if is_standard_library(module.partition(".")[0]) else None
        if live is None:
            return None
        names = getattr(live, "__all__", None)
        return frozenset(names if names is not None else (name for name in vars(live) if not name.startswith("_")))


def _live(name: str) -> object:
    """An object of Python's own by its dotted name, where the interpreter has it loaded; None otherwise."""
    module, _, last = name.rpartition(".")
    if module != "builtins" and not is_standard_library(module.partition(".")[0]):
        return None
    return getattr(sys.modules.get(module), last, None)
