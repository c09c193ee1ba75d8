"""What goes wrong when a model is traced (`torch.jit.trace`) instead of scripted: rejections and silent hazards."""
